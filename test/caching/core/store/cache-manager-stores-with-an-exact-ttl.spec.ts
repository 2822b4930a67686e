import type { Cache } from 'cache-manager';
import { Keyv, type KeyvStoreAdapter } from 'keyv';
import { CacheEventBus, CacheStack } from '../../../../src/caching';
import { resolveOptions } from '../../../../src/caching/caching.options';
import { createTieredCache } from '../../../../src/caching/cache-manager';
import { eventually, pause } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { needs } from '../../../support/needs';

needs('redis-server');

let server: RedisServer;
let stack: CacheStack;
let cache: Cache;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

describe.each([
  ['in memory', () => ({})],
  ['on Redis', () => ({ prefix: 'manager', l2Timeout: 1_000, redis: { url: server.url } })],
])('%s', (_where, options) => {
  beforeEach(async () => {
    stack = new CacheStack(resolveOptions(options()), new CacheEventBus());
    await stack.start();
    await eventually(() => stack.clock.now());
    await stack.store.clear();
    cache = createTieredCache(stack, 60_000);
  });
  afterEach(() => stack.stop());

  it('wrap computes again after the TTL', async () => {
    let computed = 0;
    const next = (): number => ++computed;
    expect(await cache.wrap('key', next, 50)).toBe(1);
    await pause(100);
    expect(await cache.wrap('key', next, 50)).toBe(2);
    await pause(100);
    expect(await cache.get('key')).toBeUndefined();
  });

  it('the TTL has no jitter', async () => {
    for (let i = 0; i < 50; i++) await cache.set(`key${i}`, i, 60_000);
    const lives = await Promise.all(Array.from({ length: 50 }, (_, i) => stack.inspector.entry(`app:key${i}`)));
    expect(new Set(lives.map((entry) => entry?.ttl))).toEqual(new Set([60]));
  });

  it.each(['set', 'wrap'] as const)('ttl() returns the expiry after %s', async (how) => {
    const before = Date.now();
    if (how === 'set') await cache.set('key', 1, 5_000);
    else await cache.wrap('key', () => 1, 5_000);
    const expires = await cache.ttl('key');
    expect(expires).toBeGreaterThanOrEqual(before + 5_000);
    expect(expires).toBeLessThanOrEqual(Date.now() + 5_000);
    await cache.set('forever', 1, 0);
    expect([await cache.ttl('forever'), await cache.get('forever')]).toEqual([undefined, 1]);
  });

  it('restores a Buffer, and text that looks like an encoded Buffer', async () => {
    const value = { bytes: Buffer.from('hi'), text: ':base64:aGk=', none: null };
    await cache.set('set', value);
    expect(await cache.get('set')).toEqual(value);
    expect(await cache.wrap('wrapped', () => value)).toEqual(value);
    expect(await cache.wrap('wrapped', () => 'other')).toEqual(value);
    expect(await cache.mget(['set', 'none'])).toEqual([value, undefined]);
  });

  it('delete() of its Keyv returns whether there was a value', async () => {
    const [keyv] = cache.stores as [Keyv];
    await cache.mset([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
    expect([await keyv.delete('a'), await keyv.delete('a')]).toEqual([true, false]);
    expect([await keyv.delete(['a', 'b']), await keyv.delete(['a', 'b'])]).toEqual([true, false]);
  });

  it('its store keeps the values of a Keyv with a serializer of its own', async () => {
    const store = cache.stores[0]!.store as KeyvStoreAdapter;
    const plain = new Keyv({ store, useKeyPrefix: false });
    const marked = new Keyv({
      store,
      useKeyPrefix: false,
      serialize: ({ value }) => `<${String(value)}>`,
      deserialize: (text) => ({ value: BigInt(text.slice(1, -1)) as never }),
    });
    await plain.set('plain', { deep: [1] });
    await marked.set('marked', 9_223_372_036_854_775_807n);
    expect([await plain.get('plain'), await marked.get('marked')]).toEqual([{ deep: [1] }, 9_223_372_036_854_775_807n]);
    expect([await cache.wrap('plain', () => 'other'), await plain.has('plain')]).toEqual([{ deep: [1] }, true]);
  });
});
