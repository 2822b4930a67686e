import { CacheEventBus, CacheStack, type CachingOptions } from '../../../../src/caching';
import { resolveOptions } from '../../../../src/caching/caching.options';
import { systemTime, type Time } from '../../../../src/caching/core/async/time';
import { eventually } from '../../../support/eventually';
import { loader } from '../../../support/stacks';
import { RedisServer } from '../../../support/redis-server';
import { needs } from '../../../support/needs';

const HOUR = 3_600_000;
const open: CacheStack[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((stack) => stack.stop()));
});

async function node(options: CachingOptions, time: Time): Promise<CacheStack> {
  const stack = new CacheStack(resolveOptions(options), new CacheEventBus(), time);
  open.push(stack);
  await stack.start();
  await eventually(() => stack.clock.now());
  return stack;
}

it('a wall clock that steps back an hour does not extend a TTL', async () => {
  let mono = 0;
  let step = 0;
  const time: Time = { ...systemTime, wall: () => 1e12 + mono + step, mono: () => mono };
  const { store } = await node({ staleWhileRevalidate: 0 }, time);
  let loads = 0;
  const get = () =>
    store.getOrLoad(
      'key',
      { ttl: 60_000 },
      loader(() => `${++loads}`),
    );
  await get();
  // A value built from it expires with it.
  step = -HOUR;
  await store.getOrLoad('page', { ttl: HOUR }, async () => ({ body: String((await get()).entry.body) }));
  mono = 67_000;
  expect(store.peek('page')).toBeUndefined();
  expect(await get()).toMatchObject({ outcome: 'miss', entry: { body: '2' } });
});

describe('two nodes on one Redis', () => {
  needs('redis-server');

  it('an entry from a node whose clock is an hour ahead lives for its TTL on other nodes', async () => {
    const server = await RedisServer.start();
    try {
      const options = { prefix: 'skew', l2Timeout: 1_000, redis: { url: server.url } };
      const ahead = await node(options, { ...systemTime, wall: () => Date.now() + HOUR });
      const right = await node(options, systemTime);
      const policy = { ttl: 60_000 };
      await ahead.store.getOrLoad(
        'key',
        policy,
        loader(() => 'value'),
      );
      await ahead.store.idle();
      const { tier, ttl } = await right.store.getOrLoad('key', policy, () => Promise.reject(new Error('not there')));
      expect(tier).toBe('l2');
      expect(ttl).toBeLessThanOrEqual(66);
    } finally {
      await server.stop();
    }
  });
});
