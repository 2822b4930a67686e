import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const GRAFANA = join(__dirname, '../../../../docker/grafana');

interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}
interface DataSource {
  uid: string;
}
export interface Panel {
  id: number;
  type: string;
  title: string;
  datasource?: DataSource;
  gridPos: Place;
  targets?: { expr: string; datasource: DataSource }[];
}
interface Dashboard {
  uid: string;
  panels: Panel[];
  templating: { list: { name: string; datasource: DataSource; definition: string }[] };
  annotations: { list: { expr: string; datasource: DataSource }[] };
}

export const dashboard = JSON.parse(readFileSync(join(GRAFANA, 'dashboards/strata.json'), 'utf8')) as Dashboard;

/** Panels under the title of their row. */
export function rows(): Map<string, Panel[]> {
  const found = new Map<string, Panel[]>();
  let row: Panel[] = [];
  for (const panel of dashboard.panels) {
    if (panel.type === 'row') found.set(panel.title, (row = []));
    else row.push(panel);
  }
  return found;
}

export function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
