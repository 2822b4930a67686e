import type { CachingOptions } from '../../../../src/caching';
import { eventually } from '../../../support/eventually';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node } from '../../../support/stacks';

needs('redis-server');

let master: RedisServer;
const started: RedisServer[] = [];

beforeEach(async () => {
  master = await up(RedisServer.start());
});
afterEach(async () => {
  await closeStacks();
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

async function up(starting: Promise<RedisServer>): Promise<RedisServer> {
  const server = await starting;
  started.push(server);
  return server;
}

const options = (url: string): CachingOptions => ({ prefix: 'followed', l2Timeout: 300, maxLag: 400, redis: { url } });

it.each([
  ['killed', (): Promise<void> => master.kill()],
  ['frozen, so that its sockets stay open', (): Promise<void> => Promise.resolve(master.freeze())],
])('a master that is %s: the promoted replica takes over, in a new epoch', async (_name, fail) => {
  const replica = await up(RedisServer.replicaOf(master));
  const sentinel = await up(RedisServer.sentinel('shop', master.port));
  await eventually(async () => (await sentinel.command<unknown[]>('SENTINEL', 'replicas', 'shop')).length > 0);
  const near = await node(options(`redis+sentinel://127.0.0.1:${sentinel.port}/shop`));
  await live(near);
  await near.store.invalidate(['before']);
  const before = near.clock.instant();
  await fail();
  await eventually(() => near.clock.instant().epoch !== before.epoch);
  await live(near);
  await near.store.invalidate(['after']);
  expect(Number(await replica.command('ZSCORE', '{followed}:clock', 't:after'))).toBeGreaterThan(0);
  expect(near.clock.staleBecause(before, [])).toEqual({ why: 'epoch' });
});

describe('of several sentinels, the master is found through the one that knows it, past', () => {
  const through = (sentinels: RedisServer[]): string =>
    `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/shop`;

  it.each<[string, () => Promise<RedisServer>]>([
    [
      'one that is silent',
      async () => {
        const silent = await up(RedisServer.sentinel('shop', master.port));
        silent.freeze();
        return silent;
      },
    ],
    ['one that does not know it', () => up(RedisServer.sentinel('another', master.port))],
    ['a server that is no sentinel', () => up(RedisServer.start())],
    [
      'one that still names a server that has gone',
      async () => {
        const gone = await up(RedisServer.start());
        const sentinel = await up(RedisServer.sentinel('shop', gone.port));
        await gone.kill();
        return sentinel;
      },
    ],
    [
      'one that still names a server that was demoted',
      async () => {
        const [demoted, promoted] = await Promise.all([up(RedisServer.start()), up(RedisServer.start())]);
        const sentinel = await up(RedisServer.sentinel('shop', demoted.port));
        await demoted.command('REPLICAOF', '127.0.0.1', String(promoted.port));
        return sentinel;
      },
    ],
  ])('%s', async (_what, misleading) => {
    const good = await up(RedisServer.sentinel('shop', master.port));
    const near = await node(options(through([await misleading(), good])));
    expect(near.redis!.fault).toBeUndefined();
    await near.store.invalidate(['through']);
    expect(Number(await master.command('ZSCORE', '{followed}:clock', 't:through'))).toBeGreaterThan(0);
  });
});

it('a server that closes every connection is retried, and used once a connection stays open', async () => {
  const near = await node(options(master.url));
  await live(near);
  let attempts = 0;
  near.events.on('redis', (state) => (attempts += Number(state === 'up')));
  for (let i = 0; i < 4; i++) {
    await eventually(() => near.redis!.isUp);
    const seen = attempts;
    await master.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await master.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(() => attempts > seen);
  }
  await live(near);
  await near.store.invalidate(['tag']);
});
