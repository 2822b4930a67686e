import { count, live, loader, node, useRedisServer } from '../../../support/stacks';

const server = useRedisServer();

it('replies that arrived during a stall are read before their deadline counts', async () => {
  const near = await node({ prefix: 'stall', l2Timeout: 100, redis: { url: server().url } });
  await live(near);
  const counts = count(near.events, 'redis', 'storeFailed', 'stampFailed');
  const value = loader(() => 'value');
  const reads = Array.from({ length: 20 }, (_, i) => near.store.getOrLoad(`key${i}`, {}, value));
  const stamp = near.store.invalidate(['t']);
  await new Promise(setImmediate);
  for (const until = performance.now() + 400; performance.now() < until;);
  await Promise.all([stamp, ...reads]);
  await near.store.idle();
  expect(counts).toEqual({ redis: 0, storeFailed: 0, stampFailed: 0 });
});
