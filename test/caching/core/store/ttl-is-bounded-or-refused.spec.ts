import type { Cache } from 'cache-manager';
import { CacheQuery, type CacheStack, type Duration } from '../../../../src/caching';
import { createTieredCache } from '../../../../src/caching/cache-manager';
import { resolveOptions } from '../../../../src/caching/caching.options';
import { cachedApp, closeApps } from '../../../support/nest-app';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, loader, node } from '../../../support/stacks';

needs('redis-server');

const YEAR = 365 * 24 * 3_600;

let server: RedisServer;
let stack: CacheStack;
let cache: Cache;
let faults: unknown[];
beforeAll(async () => {
  server = await RedisServer.start();
});
beforeEach(async () => {
  stack = await node({ prefix: `ttl-${Math.random()}`, l2Timeout: 5_000, redis: { url: server.url } });
  await live(stack);
  faults = [];
  stack.events.on('storeFailed', (_what, error) => faults.push(error));
  stack.events.on('foreign', (_what, key) => faults.push(key));
  cache = createTieredCache(stack, 60_000);
});
afterEach(async () => {
  await closeStacks();
  await closeApps();
});
afterAll(() => server.stop());

/** Of the entry in Redis, once L1 has lost it. */
async function inRedis(key: string): Promise<number | undefined> {
  await stack.store.idle();
  stack.l1.clear();
  return (await stack.store.get(key))?.ttl;
}

const LONG = [
  ['two years', 2 * YEAR * 1_000],
  ['the largest number', Number.MAX_VALUE],
  ['infinity', Infinity],
] as const;

describe.each(LONG)('%s', (_name, ttl) => {
  it('lasts for a year', async () => {
    const policy = { ttl, grace: ttl, staleWhileRevalidate: ttl, jitter: false };
    await stack.store.getOrLoad(
      'policy',
      policy,
      loader(() => 'value'),
    );
    await stack.store.getOrLoad('loaded', { jitter: false }, () => Promise.resolve({ body: 'value', ttl }));
    await cache.set('set', 1, ttl);
    await cache.wrap('wrap', () => 1, ttl);
    for (const key of ['policy', 'loaded', 'app:set', 'app:wrap']) {
      const left = await inRedis(key);
      expect(left).toBeGreaterThan(YEAR - 60);
      expect(left).toBeLessThanOrEqual(YEAR);
    }
    expect(faults).toEqual([]);
  });
});

it('a fraction of a millisecond is kept for no longer than it says', async () => {
  await cache.set('key', 1, 1_500.4);
  expect(await inRedis('app:key')).toBe(2);
  expect(await cache.wrap('short', () => 1, 0.4)).toBe(1);
  expect(faults).toEqual([]);
});

it('one that is over already is not stored, and what was stored is gone', async () => {
  await cache.set('key', 'old');
  await cache.set('key', 'new', -5);
  expect(await cache.get('key')).toBeUndefined();
  expect([await cache.wrap('wrap', () => 1, -5), await cache.wrap('wrap', () => 2)]).toEqual([1, 2]);
  expect(await inRedis('app:key')).toBeUndefined();
  expect(faults).toEqual([]);
});

it('NaN is refused by name', async () => {
  const refusal = { code: 'CACHE_OPTIONS', message: expect.stringContaining('"ttl" is invalid: NaN') as string };
  await expect(cache.set('key', 1, NaN)).rejects.toMatchObject(refusal);
  await expect(cache.wrap('key', () => 1, NaN)).rejects.toMatchObject(refusal);
  await expect(
    stack.store.getOrLoad(
      'key',
      { ttl: NaN },
      loader(() => 'value'),
    ),
  ).rejects.toMatchObject(refusal);
  await expect(
    stack.store.getOrLoad(
      'key',
      { ttl: -1 },
      loader(() => 'value'),
    ),
  ).rejects.toThrow('"ttl" is invalid: -1');
  await expect(
    stack.store.getOrLoad(
      'key',
      { grace: NaN },
      loader(() => 'value'),
    ),
  ).rejects.toThrow('"grace"');
});

it('wrap without a TTL, or with a function that returns none, uses the default of the manager', async () => {
  await cache.wrap('without', () => 1);
  await cache.wrap('empty', () => 1, {});
  await cache.wrap('function', () => 1, { ttl: () => undefined as never });
  for (const key of ['app:without', 'app:empty', 'app:function']) expect(await inRedis(key)).toBe(60);
});

it.each<[Duration, string]>([
  [NaN, 'NaN'],
  [Infinity, 'Infinity'],
  [-1, '-1'],
  [0.4, '0.4'],
  ['1y', '"1y"'],
  ['soon', '"soon"'],
])('a setting of %p is refused, with the bounds', async (ttl, shown) => {
  const message = `"ttl" is invalid: ${shown} (a duration of at most 24 days, such as 5m, or milliseconds from 1)`;
  expect(() => resolveOptions({ ttl })).toThrow(message);
  class Sums {
    find(): Promise<number> {
      return Promise.resolve(1);
    }
  }
  const method = Object.getOwnPropertyDescriptor(Sums.prototype, 'find')!;
  CacheQuery({ ttl })(Sums.prototype, 'find', method);
  Object.defineProperty(Sums.prototype, 'find', method);
  await expect(cachedApp({ providers: [Sums] })).rejects.toThrow(message);
});

it('an absent value is cached for no longer than a value', async () => {
  const absent = { jitter: false, ttl: 5_000 };
  const nothing = () => Promise.resolve({ body: null });
  await stack.store.getOrLoad('absent', absent, nothing);
  await stack.store.getOrLoad('own', { ...absent, negativeTtl: 60_000 }, nothing);
  await stack.store.getOrLoad('long', { ...absent, ttl: 3_600_000 }, nothing);
  expect([await inRedis('absent'), await inRedis('own'), await inRedis('long')]).toEqual([5, 5, 30]);
});
