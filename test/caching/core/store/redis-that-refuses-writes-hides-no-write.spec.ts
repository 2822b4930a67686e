import { eventually } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { type CacheStack } from '../../../../src/caching';
import { live, node, read, useRedisServer } from '../../../support/stacks';

const server = useRedisServer();

const MAX_LAG = 400;

/** States in which a server answers, and refuses what a stamp needs. */
const REFUSALS: [reply: string, begin: string[][], end: string[][]][] = [
  ['READONLY', [['REPLICAOF', '127.0.0.1', '1']], [['REPLICAOF', 'NO', 'ONE']]],
  [
    'MASTERDOWN',
    [
      ['CONFIG', 'SET', 'replica-serve-stale-data', 'no'],
      ['REPLICAOF', '127.0.0.1', '1'],
    ],
    [['REPLICAOF', 'NO', 'ONE']],
  ],
  ['NOREPLICAS', [['CONFIG', 'SET', 'min-replicas-to-write', '1']], [['CONFIG', 'SET', 'min-replicas-to-write', '0']]],
  [
    'NOPERM',
    [['ACL', 'SETUSER', 'default', '-evalsha', '-eval']],
    [['ACL', 'SETUSER', 'default', '+evalsha', '+eval']],
  ],
  ['the loss of the clock alone', [['DEL', '{refusing}:clock']], []],
  ['a clock of another type', [['SET', '{refusing}:clock', 'text']], [['DEL', '{refusing}:clock']]],
];

async function both(): Promise<[near: CacheStack, far: CacheStack]> {
  const options = { prefix: 'refusing', l2Timeout: 2_000, maxLag: MAX_LAG, redis: { url: server().url } };
  const nodes: [CacheStack, CacheStack] = [await node(options), await node(options)];
  await Promise.all(nodes.map(live));
  return nodes;
}

it.each(REFUSALS)(
  '%s: no node is behind for longer than maxLag, and all is well again by itself',
  async (_reply, begin, end) => {
    const [near, far] = await both();
    const source = { value: 0 };
    const seen = async (stack: CacheStack): Promise<number> =>
      Number(await read(stack, 'key', () => String(source.value), ['tag']));
    await Promise.all([seen(near), seen(far)]);
    for (const command of begin) await server().command(...command);
    source.value += 1;
    await near.store.invalidate(['tag']).catch(() => undefined);
    // The writer's own node at once, the other one within the bound: its entry would live for minutes.
    expect(await seen(near)).toBe(source.value);
    await eventually(async () => (await seen(far)) === source.value);
    for (const command of end) await server().command(...command);
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
