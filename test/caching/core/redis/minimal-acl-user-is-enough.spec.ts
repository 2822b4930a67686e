import type { CachingOptions } from '../../../../src/caching';
import { RedisUsageReader } from '../../../../src/caching/observe/telemetry/redis-usage';
import { eventually } from '../../../support/eventually';
import { needs } from '../../../support/needs';
import { RedisCluster } from '../../../support/redis-cluster';
import { RedisServer } from '../../../support/redis-server';
import { DOCUMENTED_CLUSTER_RIGHTS as CLUSTER, DOCUMENTED_USER as USER } from '../../../support/redis-user';
import { closeStacks, count, live, node, read } from '../../../support/stacks';

needs('redis-server');

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
  await server.command('ACL', 'SETUSER', ...USER);
});
afterAll(async () => {
  await closeStacks();
  await server.stop();
});

const options = (): CachingOptions => ({
  prefix: 'strata',
  l2Timeout: 1_000,
  maxLag: 400,
  redis: { url: `redis://strata:password@127.0.0.1:${server.port}` },
});

it('reads, writes, locks, invalidates, lists and clears, and no command is refused', async () => {
  const [near, far] = await Promise.all([node(options()), node(options())]);
  await Promise.all([live(near), live(far)]);
  expect(await read(near, 'key', () => 'old', ['tag'])).toBe('old');
  await near.store.idle();
  expect(await read(far, 'key', () => 'never', ['tag'])).toBe('old');
  await far.store.invalidate(['tag']);
  await eventually(() => near.clock.instant().tick === far.clock.instant().tick);
  expect(await read(near, 'key', () => 'new', ['tag'])).toBe('new');
  await near.store.idle();
  const page = await near.inspector.entries({ cursor: '0', prefix: 'key' });
  expect([...page.entries.map(({ key }) => key), page.cursor]).not.toEqual([undefined]);
  await near.store.clear();
  await eventually(async () => (await server.command<string[]>('KEYS', 'strata:*')).length === 0);
  // What the eviction module adds: which clock this is, and which database it belongs to.
  const claim = { source: 'database', watch: 'products', identity: 'triggers', lastId: '1' };
  for (const one of [near, far]) {
    await one.identity.current();
    await one.ledger.attest(claim);
    await one.ledger.attest({ ...claim, lastId: '2' });
  }
  for (const one of [near, far]) await one.ledger.leave();
  expect(await server.command('ACL', 'LOG')).toEqual([]);
});

it('without the right for INFO only the statistics of Redis are missing', async () => {
  const near = await node(options());
  await live(near);
  const { redis } = count(near.events, 'redis');
  expect(await new RedisUsageReader(near.redis).read()).toBeUndefined();
  await near.store.invalidate(['tag']);
  expect(redis).toBe(0);
});

it('works on a cluster with the rights documented for it', async () => {
  const cluster = await RedisCluster.start();
  try {
    await Promise.all(cluster.servers.map((each) => each.command('ACL', 'SETUSER', ...USER, ...CLUSTER)));
    const near = await node({ ...options(), redis: { url: `redis+cluster://strata:password@${cluster.hosts}` } });
    await live(near);
    for (let i = 0; i < 20; i++) await read(near, `key${i}`, () => 'value', ['tag']);
    await near.store.idle();
    await near.store.invalidate(['tag']);
    await near.store.clear();
    const logs = await Promise.all(cluster.servers.map((each) => each.command('ACL', 'LOG')));
    expect(logs).toEqual([[], [], []]);
  } finally {
    await closeStacks();
    await cluster.stop();
  }
});

it('a missing right is reported with its command, in scripts too', async () => {
  await server.command('ACL', 'SETUSER', 'lacking', 'reset', 'on', '>password', ...USER.slice(3), '-publish', '-set');
  const near = await node({ ...options(), redis: { url: `redis://lacking:password@127.0.0.1:${server.port}` } });
  const refused: string[] = [];
  near.events.on('redis', (state, cause) => state === 'refused' && refused.push((cause as Error).message));
  await live(near);
  await expect(near.clock.stamp(['tag'])).rejects.toMatchObject({ code: 'CACHE_STAMP_FAILED' });
  await near.store.getOrLoad('key', {}, () => Promise.resolve({ body: 'value' }));
  await near.store.idle();
  expect(refused).toEqual(
    expect.arrayContaining([expect.stringMatching(/lacks a right, see docs\/redis\.md: NOPERM.*set/)]),
  );
  expect(refused.filter((line) => line.includes("'set'")).length).toBeLessThan(refused.length);
});
