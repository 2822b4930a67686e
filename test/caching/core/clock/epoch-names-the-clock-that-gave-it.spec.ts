import type { CacheStack } from '../../../../src/caching';
import { eventually } from '../../../support/eventually';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node } from '../../../support/stacks';
import { TcpProxy } from '../../../support/tcp-proxy';

needs('redis-server');

let servers: [RedisServer, RedisServer];
let wire: TcpProxy;
let one: CacheStack;

beforeEach(async () => {
  servers = await Promise.all([RedisServer.start(), RedisServer.start()]);
  wire = await TcpProxy.to(servers[0].port);
  one = await node({ prefix: 'names', maxLag: 400, redis: { url: wire.url } });
  await live(one);
});
afterEach(async () => {
  await closeStacks();
  await wire.close();
  await Promise.all(servers.map((server) => server.stop()));
});

/** The clock of the next stamp that is acknowledged. */
const clockOfAStamp = (): Promise<string> =>
  eventually(async () => one.identity.of((await one.clock.stamp(['tag'])).epoch));

it('a stamp is known to have gone to the server of before, though the URL leads to another one since', async () => {
  const { epoch } = await one.clock.stamp(['tag']);
  const before = await one.identity.current();
  wire.retarget(servers[1].port);
  const now = await eventually(() => one.identity.current());
  expect(now).not.toBe(before);
  // One round trip gave the stamp and the name: what the URL leads to afterwards cannot vouch for it.
  expect(one.identity.of(epoch)).toBe(before);
  expect(await clockOfAStamp()).toBe(now);
});

it('a new epoch on the same server, also when it was emptied, is of the same clock', async () => {
  const clock = await clockOfAStamp();
  await one.clock.renew();
  expect(await clockOfAStamp()).toBe(clock);
  await servers[0].command('FLUSHALL');
  expect(await clockOfAStamp()).toBe(clock);
});

it('a promoted replica is another clock than its master, which may live on', async () => {
  const [master, replica] = servers;
  const clock = await clockOfAStamp();
  await replica.command('REPLICAOF', '127.0.0.1', String(master.port));
  await eventually(async () => (await replica.command('EXISTS', '{names}:clock')) === 1);
  await replica.command('REPLICAOF', 'NO', 'ONE');
  wire.retarget(replica.port);
  expect(await clockOfAStamp()).not.toBe(clock);
  wire.retarget(master.port);
  expect(await clockOfAStamp()).toBe(clock);
});
