import { eventually } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node, read } from '../../../support/stacks';
import { TcpProxy } from '../../../support/tcp-proxy';
import { needs } from '../../../support/needs';

needs('redis-server');

let master: RedisServer;
let replica: RedisServer;
let proxy: TcpProxy;

beforeEach(async () => {
  [master, replica] = await Promise.all([RedisServer.start(), RedisServer.start()]);
  proxy = await TcpProxy.to(master.port);
});

afterEach(async () => {
  await closeStacks();
  await proxy.close();
  await Promise.all([master.stop(), replica.stop()]);
});

it('begins an epoch although the promoted replica reused the ticks of the lost stamps', async () => {
  const options = { prefix: 'failover', maxLag: 400, l2Timeout: 1_000 };
  const near = await node({ ...options, redis: { url: proxy.url } });
  await live(near);
  await near.store.invalidate(['seed']);
  expect(await read(near, 'price', () => 'old', ['price'])).toBe('old');
  await near.store.idle();
  await replicate();

  // The replica stops following, so it never receives what is stamped now.
  await replica.command('REPLICAOF', 'NO', 'ONE');
  await near.store.invalidate(['price']);
  expect(await read(near, 'price', () => 'new', ['price'])).toBe('new');
  const lost = near.clock.instant();

  // The replica is promoted, and other nodes stamp there before this node connects: its tick overtakes the mirror's.
  const far = await node({ ...options, redis: { url: replica.url } });
  await live(far);
  for (let i = 0; i < 5; i++) await far.store.invalidate([`other${i}`]);
  expect(far.clock.instant().tick).toBeGreaterThan(lost.tick);

  // L2 on the replica holds the old price with a tick that no stamp there contradicts.
  expect(await read(far, 'price', () => 'new', ['price'])).toBe('new');
  proxy.retarget(replica.port);
  await eventually(() => near.clock.instant().epoch === far.clock.instant().epoch);
  expect(near.clock.staleBecause(lost, [])).toEqual({ why: 'epoch' });
  expect(await read(near, 'price', () => 'new', ['price'])).toBe('new');
});

it('a replica that is not promoted is never used as the clock', async () => {
  await replicate();
  const astray = await node({ prefix: 'failover', l2Timeout: 1_000, redis: { url: replica.url } });
  await expect(astray.clock.now()).rejects.toMatchObject({ code: 'CACHE_CLOCK_UNAVAILABLE' });
  await expect(astray.store.invalidate(['a'])).rejects.toMatchObject({ code: 'CACHE_STAMP_FAILED' });
  expect(await read(astray, 'key', () => 'loaded')).toBe('loaded');
});

async function replicate(): Promise<void> {
  await replica.command('REPLICAOF', '127.0.0.1', String(master.port));
  await master.command('SET', 'marker', '1');
  await eventually(async () => (await replica.command('GET', 'marker')) === '1');
}
