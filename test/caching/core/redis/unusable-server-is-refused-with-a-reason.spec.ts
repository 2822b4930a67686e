import { Transform } from 'node:stream';
import { connect, createServer, type AddressInfo } from 'node:net';
import { eventually } from '../../../support/eventually';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, count, live, node } from '../../../support/stacks';

needs('redis-server');

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(() => closeStacks());
afterAll(() => server.stop());

/** A relay to `server` that reads scripts as Redis 6 does: without flags, so that the `#!` of a script is no Lua. */
async function olderServer(): Promise<{ url: string; close: () => void }> {
  const relay = createServer((client) => {
    const target = connect(server.port, '127.0.0.1');
    const withoutFlags = new Transform({
      transform: (chunk: Buffer, _encoding, done) => done(null, chunk.toString('latin1').replace('#!lua', ' #lua')),
    });
    client.pipe(withoutFlags).pipe(target).pipe(client);
    for (const socket of [client, target]) socket.on('error', () => undefined);
    client.on('close', () => target.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return { url: `redis://127.0.0.1:${(relay.address() as AddressInfo).port}`, close: () => relay.close() };
}

it('a server older than Redis 7 is refused, and the node works without Redis', async () => {
  const older = await olderServer();
  try {
    const near = await node({ prefix: 'older', l2Timeout: 1_000, redis: { url: older.url } });
    expect(near.redis!.fault).toMatch(/^the server is older than Redis 7 or Valkey 7\.2, which is needed: /);
    const { entry } = await near.store.getOrLoad('key', {}, () => Promise.resolve({ body: 'loaded' }));
    expect(entry.body).toBe('loaded');
  } finally {
    await closeStacks();
    older.close();
  }
});

it('a replica is refused once, and used as soon as it is a master', async () => {
  const replica = await RedisServer.replicaOf(server);
  try {
    const near = await node({ prefix: 'replica', l2Timeout: 1_000, redis: { url: replica.url } });
    const { redis } = count(near.events, 'redis');
    expect(near.redis!.fault).toMatch(/^the server is a replica: name its master in the Redis URL/);
    expect(redis).toBe(0);
    await replica.command('REPLICAOF', 'NO', 'ONE');
    await eventually(() => near.redis!.isUp);
    await live(near);
    await near.store.invalidate(['tag']);
  } finally {
    await closeStacks();
    await replica.stop();
  }
});

it.each([
  ['is out of memory', '--maxmemory', '1', '--maxmemory-policy', 'noeviction'],
  ['has too few replicas', '--min-replicas-to-write', '1'],
])('a server that %s is connected to: it may accept the next command', async (_what, ...args) => {
  const full = await RedisServer.start(...args);
  try {
    const near = await node({ prefix: 'full', l2Timeout: 1_000, redis: { url: full.url } });
    expect(near.redis!.isUp).toBe(true);
  } finally {
    await closeStacks();
    await full.stop();
  }
});
