import type { CacheStack } from '../../../../src/caching';
import { count, live, loader, node, useRedisServer } from '../../../support/stacks';

const server = useRedisServer();

/** What a database's first claim of a node says. */
const CLAIM = { source: 'db', watch: 'things', identity: 'one', lastId: '1', start: { lastId: '1', waiting: 0 } };

/** How often Redis was sent each command, while `work` ran. */
async function commands(work: () => Promise<unknown>): Promise<Record<string, number>> {
  await server().command('CONFIG', 'RESETSTAT');
  await work();
  const stats = await server().command<string>('INFO', 'commandstats');
  // A script counts as one command, and its own commands count as well.
  const calls = [...stats.matchAll(/cmdstat_(get|mget|set|evalsha):calls=(\d+)/g)];
  return Object.fromEntries(calls.map(([, name, times]): [string, number] => [String(name), Number(times)]));
}

/** A node whose heartbeat does not query the clock meanwhile. */
async function quietNode(prefix: string): Promise<CacheStack> {
  const stack = await node({ prefix, l2Timeout: '2s', maxLag: '10m', redis: { url: server().url } });
  await live(stack);
  return stack;
}

it.each([
  // Three lookups; three writes and one lock; the script that releases the lock checks its owner by GET.
  [
    'each part is looked up, only the whole takes the fill lock, and the clock is not queried',
    false,
    { get: 4, set: 4, evalsha: 1 },
  ],
  ['in-process parts send no Redis command', true, { get: 2, set: 2, evalsha: 1 }],
])('a whole of two parts: %s', async (_claim, inProcess, expected) => {
  const { store } = await quietNode(`few-${inProcess}`);
  const part = (key: string): Promise<unknown> =>
    store.getOrLoad(
      key,
      { inProcess },
      loader(() => key),
    );
  const whole = (n: number): Promise<unknown> =>
    store.getOrLoad(`whole ${n}`, {}, async () => {
      await Promise.all([part(`part ${n}`), part(`other part ${n}`)]);
      return { body: 'whole' };
    });
  await whole(1);
  await store.idle();
  const sent = await commands(async () => {
    await whole(2);
    await store.idle();
  });
  expect(sent).toEqual(expected);
});

it('a miss does not wait for the clock', async () => {
  const stack = await node({ prefix: 'unasked', l2Timeout: '2s', redis: { url: server().url } });
  await live(stack);
  jest.spyOn(stack.clock, 'now').mockReturnValue(new Promise(() => undefined));
  const { outcome } = await stack.store.getOrLoad(
    'key',
    {},
    loader(() => 'value'),
  );
  expect(outcome).toBe('miss');
});

/** Reads a whole of one part, which any write of `whole` or of `part` makes stale. */
async function readWhole({ store }: CacheStack, isAssembled: boolean): Promise<void> {
  await store.getOrLoad('whole', { isAssembled, tags: ['whole'] }, async () => {
    await store.getOrLoad(
      'part',
      { tags: ['part'] },
      loader(() => 'part'),
    );
    return { body: 'whole' };
  });
  await store.idle();
}

it('an assembled value whose copy a write made stale is made again from fresh parts without any command', async () => {
  const stack = await quietNode('assembled');
  await readWhole(stack, true);
  await stack.store.invalidate(['whole']);
  const misses = count(stack.events, 'miss');
  expect(await commands(() => readWhole(stack, true))).toEqual({});
  expect(misses.miss).toBe(1);
});

it('another value is looked up in Redis and stored there again', async () => {
  const stack = await quietNode('plain');
  await readWhole(stack, false);
  await stack.store.invalidate(['whole']);
  // The release of the lock runs a GET as well.
  expect(await commands(() => readWhole(stack, false))).toMatchObject({ get: 2, set: 2 });
});

it('a node that is alone stores it there without a lookup: no other node has made it again meanwhile', async () => {
  const here = await quietNode('newest');
  await here.ledger.attest(CLAIM);
  const read = async ({ store }: CacheStack, value: string): Promise<unknown> => {
    const { entry } = await store.getOrLoad(
      'key',
      { tags: ['tag'] },
      loader(() => value),
    );
    await store.idle();
    return entry.body;
  };
  await read(here, 'old');
  await here.store.invalidate(['tag']);
  expect(await commands(() => read(here, 'new'))).toEqual({ set: 1 });
  const there = await quietNode('newest');
  await there.ledger.attest(CLAIM);
  expect(await read(there, 'unread')).toBe('new');

  await here.ledger.attest(CLAIM);
  await there.store.invalidate(['tag']);
  await here.clock.now();
  await read(there, 'newer');
  expect(await read(here, 'unread')).toBe('newer');
});

it('a part that is stale as well takes the fill lock itself: two nodes at once load it once', async () => {
  const nodes = [await quietNode('lock'), await quietNode('lock')];
  let loads = 0;
  const read = async ({ store }: CacheStack): Promise<void> => {
    await store.getOrLoad('whole', { isAssembled: true }, async () => {
      const slow = async (): Promise<string> => {
        loads += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
        return 'part';
      };
      await store.getOrLoad('part', { tags: ['part'] }, loader(slow));
      return { body: 'whole' };
    });
  };
  await Promise.all(nodes.map(read));
  expect(loads).toBe(1);
  await nodes[0]!.store.invalidate(['part']);
  await nodes[1]!.clock.now();
  await Promise.all(nodes.map(read));
  expect(loads).toBe(2);
});

describe('the fill lock', () => {
  const load = async (stack: CacheStack, key: string): Promise<Record<string, number>> =>
    commands(async () => {
      await stack.store.getOrLoad(
        key,
        {},
        loader(() => key),
      );
      await stack.store.idle();
    });
  const LOCKED = { get: 2, set: 2, evalsha: 1 };
  const UNLOCKED = { get: 1, set: 1 };

  it('is left out while the node knows that it is alone, and taken again once it learns of another one', async () => {
    const here = await quietNode('alone');
    await load(here, 'to have the script known');
    expect(await load(here, 'unknown')).toEqual(LOCKED);
    await here.ledger.attest(CLAIM);
    expect(await load(here, 'alone')).toEqual(UNLOCKED);
    const there = await quietNode('alone');
    await load(there, 'a node expects its first lookup to hit');
    await there.ledger.attest(CLAIM);
    expect(await load(there, 'the newcomer knows at once')).toEqual(LOCKED);
    await here.ledger.attest(CLAIM);
    expect(await load(here, 'two')).toEqual(LOCKED);
    await there.ledger.leave();
    await here.ledger.attest(CLAIM);
    expect(await load(here, 'alone again')).toEqual(UNLOCKED);
  });
});
