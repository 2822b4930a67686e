import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { type CacheStack } from '../../../../src/caching';
import { live, node, read, useRedisServer } from '../../../support/stacks';

const server = useRedisServer();

const MAX_LAG = 400;
const CLOCK = '{refusing}:clock';

/** What happens to the server, and how that ends. */
interface Fault {
  readonly begin: (server: RedisServer) => Promise<unknown>;
  readonly end?: (server: RedisServer) => Promise<unknown>;
}

/** States in which a server replies, and refuses what a stamp needs, or has lost what it knew. */
const FAULTS: [reply: string, fault: Fault][] = [
  [
    'READONLY',
    {
      begin: (server) => server.command('REPLICAOF', '127.0.0.1', '1'),
      end: (server) => server.command('REPLICAOF', 'NO', 'ONE'),
    },
  ],
  [
    'MASTERDOWN',
    {
      begin: async (server) => {
        await server.command('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
        await server.command('REPLICAOF', '127.0.0.1', '1');
      },
      end: (server) => server.command('REPLICAOF', 'NO', 'ONE'),
    },
  ],
  [
    'NOREPLICAS',
    {
      begin: (server) => server.command('CONFIG', 'SET', 'min-replicas-to-write', '1'),
      end: (server) => server.command('CONFIG', 'SET', 'min-replicas-to-write', '0'),
    },
  ],
  [
    'NOPERM',
    {
      begin: (server) => server.command('ACL', 'SETUSER', 'default', '-evalsha', '-eval'),
      end: (server) => server.command('ACL', 'SETUSER', 'default', '+evalsha', '+eval'),
    },
  ],
  ['MISCONF: it could not save', { begin: failToSave, end: (server) => server.command('CONFIG', 'SET', 'save', '') }],
  ["BUSY: another client's script runs", { begin: keepBusy, end: (server) => server.command('SCRIPT', 'KILL') }],
  [
    'LOADING: it is up again and reads its file',
    { begin: loadSlowly, end: (server) => eventually(() => server.command('GET', 'any')) },
  ],
  [
    'an eviction of the clock by maxmemory',
    { begin: evictClock, end: (server) => server.command('CONFIG', 'SET', 'maxmemory', '0') },
  ],
  ['the loss of the clock alone', { begin: (server) => server.command('DEL', CLOCK) }],
  [
    'a clock of another type',
    { begin: (server) => server.command('SET', CLOCK, 'text'), end: (server) => server.command('DEL', CLOCK) },
  ],
];

/** In the way of the file that BGSAVE writes is a folder. */
async function failToSave(server: RedisServer): Promise<void> {
  const [, folder] = await server.command<[string, string]>('CONFIG', 'GET', 'dir');
  await mkdir(join(folder, 'dump.rdb'), { recursive: true });
  await server.command('CONFIG', 'SET', 'save', '3600 1');
  await server.command('BGSAVE');
  await eventually(async () => (await server.command<string>('INFO', 'persistence')).includes('bgsave_status:err'));
  await rmdir(join(folder, 'dump.rdb'));
}

async function keepBusy(server: RedisServer): Promise<void> {
  await server.command('CONFIG', 'SET', 'busy-reply-threshold', '1');
  server.command('EVAL', 'while true do end', '0').catch(() => undefined);
  await eventually(async () => String(await server.command('GET', 'any').catch(String)).includes('BUSY'));
}

/** A second or two for its file of some hundred keys. */
async function loadSlowly(server: RedisServer): Promise<void> {
  const fill = `for n = 1, 300 do redis.call('SET', 'junk:' .. n, string.rep('x', 2000)) end`;
  await server.command('EVAL', fill, '0');
  await server.command('SAVE');
  await server.kill();
  void server.up('--key-load-delay', '5000', '--loading-process-events-interval-bytes', '1024');
}

async function evictClock(server: RedisServer): Promise<void> {
  await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
  await server.command('CONFIG', 'SET', 'maxmemory', '1');
  await eventually(async () => (await server.command('EXISTS', CLOCK)) === 0);
}

async function both(): Promise<[near: CacheStack, far: CacheStack]> {
  const options = { prefix: 'refusing', l2Timeout: 2_000, maxLag: MAX_LAG, redis: { url: server().url } };
  const nodes: [CacheStack, CacheStack] = [await node(options), await node(options)];
  await Promise.all(nodes.map(live));
  return nodes;
}

it.each(FAULTS)(
  '%s: no node is behind for longer than maxLag, and all is well again by itself',
  async (_reply, { begin, end }) => {
    const [near, far] = await both();
    const source = { value: 0 };
    const seen = async (stack: CacheStack): Promise<number> =>
      Number(await read(stack, 'key', () => String(source.value), ['tag']));
    await Promise.all([seen(near), seen(far)]);
    await begin(server());
    source.value += 1;
    await near.store.invalidate(['tag']).catch(() => undefined);
    // The writer's own node at once, the other one within the bound: its entry would live for minutes.
    expect(await seen(near)).toBe(source.value);
    await eventually(async () => (await seen(far)) === source.value);
    await end?.(server());
    await Promise.all([live(near), live(far)]);
    source.value += 1;
    await eventually(() => near.store.invalidate(['tag']));
    expect(await seen(near)).toBe(source.value);
    await eventually(async () => (await seen(far)) === source.value);
  },
);

describe('a server on which EVALSHA was renamed', () => {
  let renamed: RedisServer;
  beforeAll(async () => {
    renamed = await RedisServer.start('--rename-command', 'EVALSHA', '');
  });
  afterAll(() => renamed.stop());

  it('nothing is served that is not proved, and the cause is named', async () => {
    const stack = await node({ prefix: 'renamed', maxLag: MAX_LAG, redis: { url: renamed.url } });
    const causes: string[] = [];
    stack.events.on('storeFailed', (_operation, cause) => causes.push(String(cause)));
    stack.events.on('stampFailed', (_tags, cause) => causes.push(String(cause)));
    await expect(stack.store.invalidate(['tag'])).rejects.toMatchObject({ code: 'CACHE_STAMP_FAILED' });
    expect(causes.join()).toMatch(/unknown command/i);
    let loads = 0;
    for (let n = 1; n < 4; n += 1) expect(await read(stack, `key${n}`, () => `${(loads += 1)}`)).toBe(String(n));
  });
});
