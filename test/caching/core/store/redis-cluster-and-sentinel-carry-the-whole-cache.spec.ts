import { eventually } from '../../../support/eventually';
import { RedisCluster } from '../../../support/redis-cluster';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node, read } from '../../../support/stacks';
import { createTieredCache } from '../../../../src/caching/cache-manager';
import { needs } from '../../../support/needs';

needs('redis-server');

afterEach(() => closeStacks());

describe('a cluster of three', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterAll(() => cluster.stop());

  const options = () => ({ prefix: 'clustered', l2Timeout: 1_000, redis: { url: cluster.url } });

  it('spreads entries, stores the clock in one slot, and invalidates on every node', async () => {
    const [near, far] = await Promise.all([node(options()), node(options())]);
    await Promise.all([live(near), live(far)]);
    for (let i = 0; i < 30; i++) await read(near, `key${i}`, () => 'old', [`tag${i}`]);
    await near.store.idle();
    const held = await Promise.all(cluster.servers.map((s) => s.command<string[]>('KEYS', 'clustered:entry:*')));
    for (const keys of held) expect(keys.length).toBeGreaterThan(0);
    const clocks = await Promise.all(cluster.servers.map((s) => s.command<string[]>('KEYS', '*:clock')));
    expect(clocks.flat()).toEqual(['{clustered}:clock']);

    expect(await read(far, 'key1', () => 'new', ['tag1'])).toBe('old');
    await near.store.invalidate(['tag1']);
    await eventually(() => far.clock.instant().tick === near.clock.instant().tick);
    expect(await read(far, 'key1', () => 'new', ['tag1'])).toBe('new');
    expect(await read(far, 'key2', () => 'new', ['tag2'])).toBe('old');
  });

  it('lists and clears only its own keys, by cursor on all masters', async () => {
    const near = await node(options());
    await live(near);
    for (let i = 0; i < 30; i++) await read(near, `key${i}`, () => 'x');
    await near.store.idle();
    near.l1.clear();
    const seen = new Set<string>();
    for (let cursor: string | undefined = '0'; cursor !== undefined;) {
      const page: Awaited<ReturnType<typeof near.inspector.entries>> = await near.inspector.entries({
        cursor,
        prefix: 'key',
      });
      for (const entry of page.entries) seen.add(entry.key);
      cursor = page.cursor;
    }
    expect(seen.size).toBe(30);
    // "06S" hashes to slot 0, which the first server owns.
    await cluster.servers[0]!.command('SET', '{06S}foreign', '1');
    await createTieredCache(near, 1_000).clear();
    const left = await Promise.all(cluster.servers.map((s) => s.command<string[]>('KEYS', '*')));
    expect(left.flat().filter((key) => key.startsWith('clustered:entry:'))).toEqual([]);
    expect(left.flat().some((key) => key.endsWith('foreign'))).toBe(true);
  });

  it('recovers when the master with the clock is killed and restarts empty', async () => {
    const near = await node({ ...options(), l2Timeout: 200, maxLag: 400 });
    await live(near);
    const clocks = await Promise.all(cluster.servers.map((s) => s.command<string[]>('KEYS', '*:clock')));
    const owner = cluster.servers[clocks.findIndex((keys) => keys.length > 0)]!;
    await owner.kill();
    expect(await read(near, 'meanwhile', () => 'answered')).toBe('answered');
    await owner.up();
    await live(near);
    await near.store.invalidate(['meanwhile']);
  });
});

it('follows the sentinels to the new master', async () => {
  const master = await RedisServer.start();
  const replica = await RedisServer.replicaOf(master);
  const sentinel = await RedisServer.sentinel('shop', master.port);
  try {
    const redis = { url: `redis+sentinel://127.0.0.1:${sentinel.port}/shop` };
    const near = await node({ prefix: 'watched', l2Timeout: 500, maxLag: 400, redis });
    await live(near);
    await near.store.invalidate(['before']);
    await eventually(async () => {
      const known = await sentinel.command<unknown[]>('SENTINEL', 'replicas', 'shop');
      return known.length > 0;
    });
    // The sentinel refuses until it knows the replica.
    await eventually(() => sentinel.command('SENTINEL', 'FAILOVER', 'shop'));
    await eventually(async () => ((await replica.command<string[]>('ROLE'))[0] ?? '') === 'master');
    // The sentinel demotes the old master as well, eight seconds later.
    await master.command('REPLICAOF', '127.0.0.1', String(replica.port));
    // The old master may accept a stamp before it is demoted. That stamp is lost, and the epoch ends with it.
    await eventually(async () => {
      await near.store.invalidate(['after']);
      return Number(await replica.command('ZSCORE', '{watched}:clock', 't:after')) > 0;
    });
  } finally {
    await closeStacks();
    await Promise.all([master.stop(), replica.stop(), sentinel.stop()]);
  }
});
