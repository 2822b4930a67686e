import type { Cache } from 'cache-manager';
import { type CacheStack } from '../../../../src/caching';
import { createTieredCache } from '../../../../src/caching/cache-manager';
import { eventually } from '../../../support/eventually';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node } from '../../../support/stacks';

needs('redis-server');

let server: RedisServer;
let stack: CacheStack;
let cache: Cache;
let runs: number;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(() => closeStacks());
afterAll(() => server.stop());

/** A promise that resolves when the test calls `open`. */
function gate(): { open: () => void; opened: Promise<void> } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

type Call = (work: () => unknown) => Promise<unknown>;
const spellings: [string, (cache: Cache) => Call][] = [
  ['(key, fn)', (cache) => (work) => cache.wrap('key', work)],
  ['(key, fn, ttl)', (cache) => (work) => cache.wrap('key', work, 60_000)],
  ['(key, fn, ttl function)', (cache) => (work) => cache.wrap('key', work, () => 60_000)],
  ['(key, fn, ttl, refreshThreshold)', (cache) => (work) => cache.wrap('key', work, 60_000, 1_000)],
  ['(key, fn, { ttl })', (cache) => (work) => cache.wrap('key', work, { ttl: 60_000 })],
  ['(key, fn, {})', (cache) => (work) => cache.wrap('key', work, {})],
  [
    '(key, fn, { ttl function, refreshThreshold function })',
    (cache) => (work) => cache.wrap('key', work, { ttl: () => 60_000, refreshThreshold: () => 1_000 }),
  ],
  ['(key, fn, { raw })', (cache) => async (work) => (await cache.wrap('key', work, { ttl: 60_000, raw: true }))?.value],
];

describe.each([
  ['in memory', () => ({})],
  ['on Redis', () => ({ prefix: `wrap-${Math.random()}`, l2Timeout: 5_000, redis: { url: server.url } })],
])('%s', (_where, options) => {
  beforeEach(async () => {
    stack = await node(options());
    await live(stack);
    cache = createTieredCache(stack, 60_000);
    runs = 0;
  });
  const next = (): string => `v${++runs}`;

  describe.each(spellings)('wrap%s', (_spelling, spelled) => {
    let wrap: Call;
    beforeEach(() => (wrap = spelled(cache)));

    it('runs the function once for concurrent and later callers', async () => {
      const [one, two] = await Promise.all([wrap(next), wrap(next)]);
      expect([one, two, await wrap(next), await cache.get('key')]).toEqual(['v1', 'v1', 'v1', 'v1']);
    });

    it('does not restore a key that was deleted while the function ran', async () => {
      const { open, opened } = gate();
      const begun = gate();
      const slow = wrap(async () => {
        begun.open();
        await opened;
        return 'old';
      });
      await begun.opened;
      await cache.del('key');
      open();
      expect(await slow).toBe('old');
      await stack.store.idle();
      expect(await cache.get('key')).toBeUndefined();
      expect(await wrap(next)).toBe('v1');
    });

    it('makes the result depend on what the function read through the cache', async () => {
      const work = async (): Promise<string> => {
        await stack.store.getOrLoad('part', { tags: ['product:1'] }, () => Promise.resolve({ body: 'part' }));
        return next();
      };
      expect(await wrap(work)).toBe('v1');
      await stack.store.invalidate(['product:1']);
      expect(await cache.get('key')).toBeUndefined();
      expect(await wrap(work)).toBe('v2');
    });

    it('throws the error of the function, and stores nothing', async () => {
      await expect(wrap(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
      expect(await wrap(next)).toBe('v1');
    });
  });

  it.each([
    ['number', () => cache.wrap('key', next, 60_000, 60_001)],
    ['function', () => cache.wrap('key', next, { ttl: 60_000, refreshThreshold: () => 60_001 })],
  ])('serves the old value and refreshes in the background, within a threshold given as a %s', async (_kind, wrap) => {
    const refreshed: unknown[] = [];
    cache.on('refresh', (event) => refreshed.push(event));
    expect(await wrap()).toBe('v1');
    expect(await wrap()).toBe('v1');
    await eventually(() => expect(refreshed).toEqual([{ key: 'key', value: 'v2' }]));
    await stack.store.idle();
    expect(await cache.get('key')).toBe('v2');
  });

  it('reports a background refresh that fails, with the value that is still served', async () => {
    const refreshed: unknown[] = [];
    cache.on('refresh', (event) => refreshed.push(event));
    await cache.wrap('key', next, 60_000, 60_001);
    const error = new Error('broken');
    expect(await cache.wrap('key', () => Promise.reject(error), 60_000, 60_001)).toBe('v1');
    await eventually(() => expect(refreshed).toEqual([{ key: 'key', value: 'v1', error }]));
  });

  it('uses the TTL that a function of the value returns', async () => {
    await cache.wrap('key', next, (value) => (value === 'v1' ? 5_000 : 1));
    const expires = await cache.ttl('key');
    expect(expires! - Date.now()).toBeGreaterThan(0);
    expect(expires! - Date.now()).toBeLessThanOrEqual(5_000);
  });

  describe('set inside a load', () => {
    /** A load that reads a part, then sets a copy of its own result. */
    const load = (meanwhile = (): unknown => undefined): Promise<unknown> =>
      stack.store.getOrLoad('whole', { tags: ['whole'] }, async () => {
        await stack.store.getOrLoad('part', { tags: ['product:1'] }, () => Promise.resolve({ body: 'part' }));
        await meanwhile();
        await cache.set('copy', 'copied');
        return { body: 'whole' };
      });

    it.each(['product:1', 'whole'])('inherits the tags of the load: %s', async (tag) => {
      await load();
      expect(await cache.get('copy')).toBe('copied');
      await stack.store.invalidate([tag]);
      expect(await cache.get('copy')).toBeUndefined();
    });

    it('stores nothing if a dependency was invalidated before the set', async () => {
      await load(() => stack.store.invalidate(['product:1']));
      expect(await cache.get('copy')).toBeUndefined();
    });
  });
});
