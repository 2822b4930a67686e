import { CacheEventBus, type CachingOptions, CacheStack, type Loaded } from '../../../../src/caching';
import { resolveOptions } from '../../../../src/caching/caching.options';
import { count, loader, text } from '../../../support/stacks';
import { ManualTime } from '../../../support/manual-time';

let time: ManualTime;
let stack: CacheStack;
let loads: number;
const policy = { tags: ['t'], ttl: 1_000, staleWhileRevalidate: 500, grace: 10_000 };
const next = loader(() => `v${++loads}`);
const dead = (): Promise<Loaded> => {
  loads += 1;
  return Promise.reject(new Error('database down'));
};

function build(options: CachingOptions = {}): CacheStack {
  return new CacheStack(resolveOptions(options), new CacheEventBus(), time);
}

beforeEach(() => {
  time = new ManualTime();
  stack = build();
  loads = 0;
});
afterEach(() => stack.stop());

const get = (load = next) => stack.store.getOrLoad('key', policy, load);

it('an entry within its TTL is a hit with the remaining seconds', async () => {
  expect(await get()).toMatchObject({ outcome: 'miss', tier: 'source', stored: true });
  time.pass(400);
  expect(await get()).toMatchObject({ outcome: 'hit', tier: 'l1', ttl: 1, entry: { body: 'v1' } });
});

it('the TTL jitter is at most ten per cent', async () => {
  const lives = new Set<number>();
  for (let i = 0; i < 200; i++) {
    const { entry } = await stack.store.getOrLoad(`key${i}`, policy, next);
    lives.add(entry.expiresAt - entry.createdAt);
  }
  expect(Math.min(...lives)).toBeGreaterThanOrEqual(900);
  expect(Math.max(...lives)).toBeLessThanOrEqual(1_100);
  expect(lives.size).toBeGreaterThan(100);
});

it('SWR serves the old value past the TTL while one refresh runs', async () => {
  await get();
  time.pass(1_200);
  const [first, second] = await Promise.all([get(), get()]);
  expect([first.outcome, second.outcome]).toEqual(['stale', 'stale']);
  await stack.store.idle();
  expect(loads).toBe(2);
  expect(await get()).toMatchObject({ outcome: 'hit', entry: { body: 'v2' } });
});

it('SWR never serves a stamped value', async () => {
  await get();
  time.pass(1_200);
  await stack.store.invalidate(['t']);
  expect(await get()).toMatchObject({ outcome: 'miss', entry: { body: 'v2' } });
});

it('an entry older than SWR is a miss', async () => {
  await get();
  time.pass(2_000);
  expect(await get()).toMatchObject({ outcome: 'miss' });
});

it('grace serves an expired or stamped entry, marked, when loading fails', async () => {
  await get();
  await stack.store.invalidate(['t']);
  const stamped = await get(dead);
  expect(stamped).toMatchObject({ outcome: 'grace', entry: { body: 'v1' } });
  time.pass(3_000);
  const expired = await get(dead);
  expect(expired.outcome).toBe('grace');
  expect(expired.ttl).toBeLessThan(0);
});

it('without an entry within grace, the error of the load is thrown', async () => {
  await expect(get(dead)).rejects.toThrow('database down');
  await get();
  time.pass(20_000);
  await expect(get(dead)).rejects.toThrow('database down');
});

it('a failed source is not queried during the back-off, which grows', async () => {
  await get();
  await stack.store.invalidate(['t']);
  const asked: number[] = [];
  for (let second = 0; second < 80; second++) {
    const before = loads;
    await get(dead);
    if (loads > before) asked.push(second * 100);
    time.pass(100);
  }
  expect(asked).toEqual([0, 500, 1_500, 3_500, 7_500]);
});

it('a stamp after the failure ends the back-off', async () => {
  await get();
  await stack.store.invalidate(['t']);
  await get(dead);
  await stack.store.invalidate(['t']);
  expect(await get()).toMatchObject({ outcome: 'miss' });
});

it('an absent value is cached for negativeTtl', async () => {
  const absent = loader(() => null as never);
  const read = () =>
    stack.store.getOrLoad('gone', { ttl: 1_000, negativeTtl: 100 }, () => absent().then(() => ({ body: null })));
  expect(await read()).toMatchObject({ outcome: 'miss', entry: { body: null } });
  expect(await read()).toMatchObject({ outcome: 'hit', entry: { body: null } });
  time.pass(20_000);
  expect(await read()).toMatchObject({ outcome: 'miss' });
});

it('with a TTL of 0, from the policy or the load, nothing is stored', async () => {
  const read = (ttl: number, loaded?: number) =>
    stack.store.getOrLoad('key', { ttl }, async () => ({ ...(await next()), ttl: loaded }));
  for (const [ttl, loaded] of [
    [0, undefined],
    [1_000, 0],
    [1_000, -1],
  ] as const) {
    expect(await read(ttl, loaded)).toMatchObject({ outcome: 'miss', stored: false });
    expect(await stack.store.get('key')).toBeUndefined();
  }
});

it('get() serves only fresh entries, and emits events only for what it served', async () => {
  const seen = count(stack.events, 'hit', 'stale', 'grace');
  await get();
  expect((await stack.store.get('key'))?.outcome).toBe('hit');
  time.pass(1_200);
  expect(await stack.store.get('key')).toBeUndefined();
  await stack.store.invalidate(['t']);
  await get(dead);
  const { gathered } = await stack.dependencies.run(() => stack.store.get('key'));
  expect([...gathered.tags]).toEqual([]);
  expect(seen).toEqual({ hit: 1, stale: 0, grace: 1 });
});

it('a load that exceeds its deadline has failed', async () => {
  const hang = (): Promise<Loaded> => new Promise(() => undefined);
  await expect(stack.store.getOrLoad('hung', { loadTimeout: 30 }, hang)).rejects.toMatchObject({
    code: 'CACHE_TIMEOUT',
  });
});

it('every outcome emits an event', async () => {
  const seen = count(stack.events, 'hit', 'stale', 'grace', 'miss', 'load', 'evicted', 'stamped', 'collapsed');
  await Promise.all([get(), get()]);
  await get();
  time.pass(1_200);
  await get();
  await stack.store.idle();
  await stack.store.invalidate(['t']);
  await get(dead);
  expect(seen).toEqual({ hit: 1, stale: 1, grace: 1, miss: 3, load: 3, evicted: 1, stamped: 1, collapsed: 1 });
});

it('a listener that throws does not reach the request', async () => {
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  stack.events.on('miss', () => {
    throw new Error('bad listener');
  });
  expect(text(await get())).toBe('v1');
  expect(warned).toHaveBeenCalledWith(expect.stringContaining('bad listener'));
  warned.mockRestore();
});
