import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CacheMetrics, CacheTelemetryModule } from '../../../../src/caching';
import { cachedApp, closeApps } from '../../../support/nest-app';
import { RedisServer } from '../../../support/redis-server';
import { dashboard } from './dashboard';
import { needs } from '../../../support/needs';

needs('redis-server');

const ROOT = join(__dirname, '../../../..');
let redis: RedisServer;
let ours: string[][];

beforeAll(async () => {
  redis = await RedisServer.start();
  const { app } = await cachedApp({
    caching: { redis: { url: redis.url } },
    imports: [CacheTelemetryModule.forRoot({ process: false })],
  });
  const metrics = await app.get(CacheMetrics).registry.getMetricsAsJSON();
  const labels = new Map(
    app
      .get(CacheMetrics)
      .registry.getMetricsAsArray()
      .map((metric) => [(metric as { name?: string }).name, (metric as { labelNames?: string[] }).labelNames ?? []]),
  );
  ours = metrics.map(({ name, type, help }) => [name, String(type), (labels.get(name) ?? []).join(', '), help]);
});
afterAll(async () => {
  await closeApps();
  await redis.stop();
});

it('name, type, labels and meaning', () => {
  const readme = readFileSync(join(ROOT, 'src/caching/observe/telemetry/README.md'), 'utf8');
  const table = readme.split('\n').filter((line) => line.startsWith('| `'));
  const told = table.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
  expect(ours.length).toBeGreaterThan(30);
  expect(told).toEqual(ours);
});

it('the dashboard shows each of them, and alerts and dashboard ask for no other', () => {
  const alerts = readFileSync(join(ROOT, 'docker/prometheus/alerts.yml'), 'utf8');
  const asked = new Set(`${JSON.stringify(dashboard)}${alerts}`.match(/\b(cache|http|database)_[a-z0-9_]+(?=[{[])/g));
  const families = new Set([...asked].map((name) => name.replace(/_(bucket|sum|count)$/, '')));
  const names = ours.map(([name]) => name!);
  expect([...families].filter((name) => !names.includes(name))).toEqual([]);
  // A gauge of what the dashboard works out by itself, and one number for who compares nodes.
  const unshown = ['cache_hit_ratio', 'cache_clock_tick'];
  expect(names.filter((name) => !families.has(name) && !JSON.stringify(dashboard).includes(name))).toEqual(unshown);
});
