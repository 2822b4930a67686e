import { eventually, pause } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node } from '../../../support/stacks';
import { TcpProxy } from '../../../support/tcp-proxy';
import { needs } from '../../../support/needs';

needs('redis-server');

let server: RedisServer;
let proxy: TcpProxy;
beforeEach(async () => {
  server = await RedisServer.start();
  proxy = await TcpProxy.to(server.port);
});
afterEach(async () => {
  await closeStacks();
  await proxy.close();
  await server.stop();
});

it.each([false, true])('after the node has reconnected (with a beforeTrust hook: %s)', async (drains) => {
  const options = { prefix: 'cut', l2Timeout: 300, maxLag: 300 };
  const cut = await node({ ...options, redis: { url: proxy.url } });
  const other = await node({ ...options, redis: { url: server.url } });
  if (drains) cut.clock.beforeTrust(() => Promise.resolve());
  await Promise.all([live(cut), live(other)]);
  await cut.store.set('key', 'old', {});
  expect((await other.store.get('key'))?.entry.body).toBe('old');

  proxy.partition();
  await pause(500);
  await cut.store.set('key', 'new', {});
  proxy.heal();
  await live(cut);
  await eventually(async () => (await other.store.get('key'))?.entry.body !== 'old');
  cut.l1.delete('key', 'capacity');
  expect((await cut.store.get('key'))?.entry.body).not.toBe('old');
  await cut.store.set('key', 'newest', {});
  await eventually(async () => (await other.store.get('key'))?.entry.body === 'newest');
});
