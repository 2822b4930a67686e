import { setTimeout as sleep } from 'node:timers/promises';
import { type CacheStack } from '../../../../src/caching';
import { eventually, SLACK } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, count, live, node, read } from '../../../support/stacks';
import { TcpProxy } from '../../../support/tcp-proxy';
import { needs } from '../../../support/needs';

needs('redis-server');

const L2_TIMEOUT = 150;
/** The bound for a call is 3 × l2Timeout plus the load. */
const ANSWERED_WITHIN = 3 * L2_TIMEOUT + SLACK;
const options = { prefix: 'ill', l2Timeout: L2_TIMEOUT, maxLag: 400 };

let server: RedisServer;
let near: CacheStack;
let far: CacheStack;
let proxy: TcpProxy;
/** The source of truth; every load reads it. */
let source: Map<string, number>;

beforeEach(async () => {
  server = await RedisServer.start();
  proxy = await TcpProxy.to(server.port);
  source = new Map();
  near = await node({ ...options, redis: { url: proxy.url } });
  far = await node({ ...options, redis: { url: server.url } });
  await Promise.all([live(near), live(far)]);
});

afterEach(async () => {
  await closeStacks();
  await proxy.close();
  await server.stop();
});

/** Reads and checks the time it took; the value is the source's at some moment. */
async function timed(stack: CacheStack, key: string): Promise<number> {
  const began = performance.now();
  const value = Number(await read(stack, key, () => String(source.get(key) ?? 0), [key]));
  expect(performance.now() - began).toBeLessThan(ANSWERED_WITHIN);
  return value;
}

/** Commits, then invalidates. Resolves to whether the invalidation was acknowledged. */
async function write(stack: CacheStack, key: string): Promise<boolean> {
  source.set(key, (source.get(key) ?? 0) + 1);
  return stack.store.invalidate([key]).then(
    () => true,
    () => false,
  );
}

/** Reads and writes on `near` during the outage. A node always reads its own writes. */
async function useWhileIll(): Promise<void> {
  for (let round = 0; round < 12; round++) {
    const key = `k${round % 3}`;
    if (round % 2 === 0) await write(near, key);
    expect(await timed(near, key)).toBe(source.get(key) ?? 0);
    await sleep(50);
  }
}

/** Expects both nodes to share entries and invalidations again. */
async function expectRecovery(): Promise<void> {
  await eventually(() => Promise.all([near.clock.now(), far.clock.now()]));
  expect(await write(near, 'after')).toBe(true);
  const loads = { count: 0 };
  const load = (): string => `${++loads.count}`;
  await read(near, 'shared', load);
  await near.store.idle();
  expect(await read(far, 'shared', load)).toBe('1');
}

it('killed and started again: reads are in time and see their own writes; then the node recovers', async () => {
  await timed(near, 'k0');
  await server.kill();
  await useWhileIll();
  await server.up();
  await expectRecovery();
});

it('restarted: after a write neither node serves an entry from before the restart', async () => {
  for (const stack of [near, far]) await timed(stack, 'k0');
  await server.kill();
  await server.up();
  await expectRecovery();
  await write(near, 'k0');
  expect(await timed(near, 'k0')).toBe(1);
  await eventually(async () => (await timed(far, 'k0')) === 1);
});

it('FLUSHALL: a new epoch begins and everything older is stale', async () => {
  await timed(near, 'k0');
  await near.store.idle();
  const { epoch } = near.clock.instant();
  source.set('k0', 7);
  await server.command('FLUSHALL');
  await eventually(() => near.clock.instant().epoch !== epoch && far.clock.instant().epoch !== epoch);
  expect(await timed(near, 'k0')).toBe(7);
  expect(await timed(far, 'k0')).toBe(7);
  await expectRecovery();
});

it('frozen by SIGSTOP and continued: reads are in time and see their own writes; then the node recovers', async () => {
  await timed(near, 'k0');
  server.freeze();
  await useWhileIll();
  server.thaw();
  await expectRecovery();
});

it('partitioned: the cut-off node is at most maxLag behind the writes of the other', async () => {
  await timed(near, 'k0');
  proxy.partition();
  expect(await write(far, 'k0')).toBe(true);
  const written = performance.now();
  await eventually(async () => (await timed(near, 'k0')) === 1);
  expect(performance.now() - written).toBeLessThan(options.maxLag + ANSWERED_WITHIN);
  await useWhileIll();
  proxy.heal();
  await expectRecovery();
});

it('with Redis frozen, each of a hundred concurrent calls returns in time', async () => {
  server.freeze();
  await Promise.all(Array.from({ length: 100 }, (_, i) => timed(near, `k${i}`)));
  await Promise.all(Array.from({ length: 100 }, (_, i) => timed(near, `again${i}`)));
  server.thaw();
  await expectRecovery();
});

/** Fills Redis past its memory limit. A write is refused only with `noeviction`. */
async function fillUp(): Promise<{ storeFailed: number }> {
  // Only full memory may make a write fail, so the deadline is long.
  const patient = await node({ ...options, l2Timeout: 60_000, redis: { url: server.url } });
  await live(patient);
  const counts = count(patient.events, 'storeFailed');
  const body = 'x'.repeat(20_000);
  for (let i = 0; i < 300; i++) await read(patient, `big${i}`, () => body);
  await patient.store.idle();
  return counts;
}

it.each(['allkeys-lru', 'noeviction'])(
  'memory full with %s: reads work, and writes still invalidate',
  async (policy) => {
    await server.command('CONFIG', 'SET', 'maxmemory-policy', policy);
    await server.command('CONFIG', 'SET', 'maxmemory', '3mb');
    const { storeFailed } = await fillUp();
    expect(storeFailed > 0).toBe(policy === 'noeviction');
    for (let i = 0; i < 10; i++) {
      expect(await write(near, 'k0')).toBe(true);
      expect(await timed(near, 'k0')).toBe(source.get('k0'));
      await eventually(async () => (await timed(far, 'k0')) === source.get('k0'));
    }
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await expectRecovery();
  },
);

it('starts with Redis down, serves, and connects when Redis starts', async () => {
  await server.kill();
  const late = await node({ ...options, redis: { url: server.url } });
  expect(await timed(late, 'k0')).toBe(0);
  await write(late, 'k0');
  expect(await timed(late, 'k0')).toBe(1);
  await server.up();
  await eventually(() => late.clock.now());
});

it('stops while Redis is frozen', async () => {
  server.freeze();
  await Promise.all([near.stop(), far.stop()]);
});
