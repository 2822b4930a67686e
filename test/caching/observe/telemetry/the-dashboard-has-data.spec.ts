import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Backend, onRealServers } from '../../../support/backends';
import { send, tokenFor } from '../../../support/client';
import { slowDescribe } from '../../../support/effort';
import { eventually, pause } from '../../../support/eventually';
import { FakeEdge } from '../../../support/fake-edge';
import { Prometheus } from '../../../support/prometheus';
import { startStrata, type StrataProcess } from '../../../support/strata-process';
import { dashboard, GRAFANA, overlap, type Panel, rows } from './dashboard';
import { needs } from '../../../support/needs';

const RULES = join(__dirname, '../../../../docker/prometheus/alerts.yml');

const expressions = (panels: Panel[]): [panel: string, expression: string][] =>
  panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }): [string, string] => [title, expr]));

/** As Grafana fills them in. */
const filled = (expression: string): string =>
  expression.replaceAll('$__rate_interval', '10s').replaceAll('$instance', '.*');

it('is well formed: ids, places, one datasource, which is provided', () => {
  const { panels, templating, annotations } = dashboard;
  expect([...rows().keys()]).toEqual([
    'Overview',
    'Layers',
    'Latency',
    'Writes and eviction',
    'Edge',
    'Redis',
    'Process',
  ]);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const { datasources } = parse(readFileSync(join(GRAFANA, 'provisioning/datasources/prometheus.yml'), 'utf8')) as {
    datasources: { uid: string }[];
  };
  const used = [
    ...panels.flatMap(({ datasource, targets = [] }) => [datasource, ...targets.map((target) => target.datasource)]),
    ...[...templating.list, ...annotations.list].map(({ datasource }) => datasource),
  ];
  expect(new Set(used.flatMap((source) => source?.uid ?? []))).toEqual(new Set(datasources.map(({ uid }) => uid)));
  for (const [index, { title, gridPos }] of panels.entries()) {
    expect({ title, fits: gridPos.x >= 0 && gridPos.x + gridPos.w <= 24 }).toEqual({ title, fits: true });
    const under = panels.slice(index + 1).filter((other) => overlap(gridPos, other.gridPos));
    expect({ title, under: under.map((other) => other.title) }).toEqual({ title, under: [] });
  }
  const silent = [...rows().values()].flat().filter(({ targets = [] }) => targets.length === 0);
  expect(silent.map(({ title }) => title)).toEqual([]);
});

slowDescribe('of a service with traffic', () => {
  onRealServers((open) => {
    needs('prometheus');
    let backend: Backend;
    let edge: FakeEdge;
    let service: StrataProcess;
    let prometheus: Prometheus;
    const load = new AbortController();
    let loading: Promise<void>;

    beforeAll(async () => {
      backend = await open(1_000);
      edge = await FakeEdge.start();
      service = await startStrata({ ...backend.env, EDGE_PURGE: 'varnish', EDGE_PURGE_URL: edge.url });
      prometheus = await Prometheus.start(new URL(service.url).host, RULES);
      loading = readAndWrite(service.url, load.signal);
    });

    afterAll(async () => {
      load.abort();
      await loading;
      await prometheus.stop();
      await service.stop();
      await edge.close();
      await backend.dispose();
    });

    it.each([...rows()])('every query of row %s has something to show', async (row, panels) => {
      const queries = [
        ...expressions(panels),
        ...(row === 'Overview' ? dashboard.annotations.list.map(({ expr }): [string, string] => ['', expr]) : []),
      ];
      for (const [panel, expression] of queries) {
        // An annotation marks what happens now and then; its query has to be right all the same.
        if (panel === '') {
          await prometheus.query(filled(expression));
          continue;
        }
        await eventually(async () => {
          const values = (await prometheus.query(filled(expression))).map(({ value }) => Number(value[1]));
          if (!values.some(Number.isFinite)) throw new Error(`nothing to show: ${panel}: ${expression}`);
        });
      }
    });

    it('none of the alerts comes while all is well', async () => {
      // Prometheus works rules out now and then, and for the first time not at once.
      await eventually(async () => expect((await prometheus.query('strata:hit_ratio:5m')).length).toBeGreaterThan(0));
      expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
    });
  });
});

/** Public and private reads, some at the same time, and a write now and then. */
async function readAndWrite(url: string, signal: AbortSignal): Promise<void> {
  const token = tokenFor('eve', 'editor');
  await send(url, '/api/me/watchlist/1', { method: 'PUT', token });
  for (let n = 0; !signal.aborted; n += 1) {
    const id = 1 + (n % 20);
    const paths = [
      `/api/products/${id}`,
      `/api/products/${id}`,
      `/api/products?page=${1 + (n % 3)}`,
      '/api/products/stats',
    ];
    await Promise.all(paths.map((path) => send(url, path)));
    await send(url, '/api/me/dashboard', { token });
    if (n % 5 === 0) await send(url, `/api/products/${id}`, { method: 'PATCH', token, json: { stock: n } });
    await pause(20);
  }
}
