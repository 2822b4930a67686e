import { Controller, Get, Injectable, Module, NotFoundException, Param, Post } from '@nestjs/common';
import { CacheService, CacheStack, CacheTelemetryModule, CacheView, CACHE_STACK } from '../../../../src/caching';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';
import { eventually } from '../../../support/eventually';
import { sample, samples } from './samples';

@Injectable()
class Things {
  constructor(readonly cache: CacheService) {}
}

@Controller('things')
class ThingsController {
  @Get(':id')
  @CacheView()
  one(@Param('id') id: string): string {
    if (id === 'none') throw new NotFoundException();
    return `thing ${id}`;
  }

  @Post()
  add(): string {
    return 'added';
  }
}

@Module({ controllers: [ThingsController], providers: [Things] })
class ThingsModule {}

const app = (telemetry = {}): Promise<CachedApp> =>
  cachedApp({ caching: { prefix: 'told' }, imports: [CacheTelemetryModule.forRoot(telemetry), ThingsModule] });

afterEach(closeApps);

const GET = { method: 'GET', route: '/things/:id' };

it('requests are counted by route, class of status and what served them, in front of the framework as well', async () => {
  const { ask } = await app();
  for (let n = 0; n < 10; n++) await ask('/things/1');
  const { headers } = await ask('/things/1');
  await ask('/things/1', { headers: { 'if-none-match': String(headers.etag) } });
  await ask('/things/2');
  await ask('/things/none');
  await ask('/nowhere/at/all');
  await ask('/things', { method: 'POST' });
  await ask('/things', { method: 'PROPFIND' });
  const found = await samples(ask);
  const count = (labels: Record<string, string>): number | undefined =>
    sample(found, 'http_request_duration_seconds_count', labels);
  expect(count({ ...GET, status: '2xx', cache: 'source' })).toBe(2);
  expect(count({ ...GET, status: '2xx', cache: 'l1' })).toBe(10);
  expect(count({ ...GET, status: '3xx', cache: 'l1' })).toBe(1);
  expect(count({ ...GET, status: '4xx', cache: 'source' })).toBe(1);
  expect(count({ method: 'GET', route: 'none', status: '4xx', cache: 'none' })).toBe(1);
  expect(count({ method: 'POST', route: '/things', status: '2xx', cache: 'none' })).toBe(1);
  expect(found.map(({ labels }) => JSON.stringify(labels)).join()).not.toMatch(/things\/1|nowhere|PROPFIND/);
  expect(sample(found, 'cache_requests_total', { layer: 'view', tier: 'l1', outcome: 'hit' })).toBe(11);
});

it('a histogram adds up: buckets grow to the count, and the sum is of its size', async () => {
  const { ask } = await app();
  for (let n = 0; n < 200; n++) await ask('/things/1');
  const found = await samples(ask);
  const labels = { ...GET, status: '2xx', cache: 'l1' };
  const of = (le: string): number => sample(found, 'http_request_duration_seconds_bucket', { le, ...labels }) ?? NaN;
  const bounds = found
    .filter(({ name, labels: { cache } }) => name === 'http_request_duration_seconds_bucket' && cache === 'l1')
    .map((one) => one.labels.le!);
  expect(Math.min(...bounds.slice(0, -1).map(Number))).toBeLessThan(10e-6);
  expect(Math.max(...bounds.slice(0, -1).map(Number))).toBeGreaterThan(10);
  const counts = bounds.map(of);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  const count = sample(found, 'http_request_duration_seconds_count', labels);
  expect([counts.at(-1), count]).toEqual([199, 199]);
  const sum = sample(found, 'http_request_duration_seconds_sum', labels) ?? NaN;
  const most = bounds.reduce(
    (all, le, n) => all + (of(le) - (counts[n - 1] ?? 0)) * (le === '+Inf' ? 60 : Number(le)),
    0,
  );
  expect(sum).toBeGreaterThan(0);
  expect(sum).toBeLessThanOrEqual(most);
});

it('two applications in one process count for themselves, and one that is closed leaves nothing behind', async () => {
  const [one, two] = await Promise.all([app(), app({ path: 'internal/metrics' })]);
  await one.ask('/things/1');
  await two.ask('/things/1');
  await two.ask('/things/1');
  const labels = { layer: 'view', tier: 'source', outcome: 'miss' };
  expect(sample(await samples(one.ask), 'cache_requests_total', labels)).toBe(1);
  expect(
    sample(await samples(two.ask, '/internal/metrics'), 'cache_requests_total', {
      ...labels,
      tier: 'l1',
      outcome: 'hit',
    }),
  ).toBe(1);
  await closeApps();
  await expect(app()).resolves.toBeDefined();
});

it('why an entry has left L1, and what L1 holds', async () => {
  const { ask, cache, app: nest } = await app();
  const stack = nest.get<CacheStack>(CACHE_STACK);
  await ask('/things/1');
  await ask('/things/2');
  const held = await samples(ask);
  expect(sample(held, 'cache_l1_entries', {})).toBe(2);
  expect(sample(held, 'cache_l1_bytes', {})).toBe(stack.l1.bytes);
  const key = [...stack.l1.values()][0]!.key;
  await cache.delete(key);
  await cache.evict([...stack.l1.values()].flatMap(({ tags }) => tags));
  await ask('/things/1');
  // One scrape serves all requests of a second.
  const after = await eventually(async () => {
    const found = await samples(ask);
    expect(sample(found, 'cache_evictions_total', { reason: 'deleted' })).toBe(1);
    return found;
  });
  expect(sample(after, 'cache_evictions_total', { reason: 'tag' })).toBe(1);
  expect(sample(after, 'cache_stamp_duration_seconds_count', {})).toBe(2);
});

it('metrics are never kept, and refuse what they do not know', async () => {
  const { ask } = await app();
  const { headers, status } = await ask('/metrics');
  expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect((await ask('/metrics?bogus=1')).status).toBe(400);
  const found = await samples(ask);
  expect(found.filter(({ labels }) => labels.route === '/metrics')).toEqual([]);
});
