import { CacheError, type CacheStack, type Loaded } from '../../../../src/caching';
import { closeStacks, count, live, node, text } from '../../../support/stacks';
import { RedisServer } from '../../../support/redis-server';
import { needs } from '../../../support/needs';

needs('redis-server');

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(() => closeStacks());
afterAll(() => server.stop());

let prefixes = 0;
async function nodes(many: number, options = {}): Promise<CacheStack[]> {
  const prefix = `many-${(prefixes += 1)}`;
  const redis = { url: server.url };
  const stacks = await Promise.all(
    Array.from({ length: many }, () => node({ prefix, redis, l2Timeout: '2s', maxLag: '10m', ...options })),
  );
  await Promise.all(stacks.map(live));
  return stacks;
}

/** A source that knows every key but `gone`, and remembers what it was asked for. */
function source(): { asked: string[][]; load: (keys: readonly string[]) => Promise<Map<string, Loaded>> } {
  const asked: string[][] = [];
  const load = (keys: readonly string[]): Promise<Map<string, Loaded>> => {
    asked.push([...keys]);
    const there = keys.filter((key) => key !== 'gone');
    return Promise.resolve(new Map(there.map((key) => [key, { body: `value of ${key}` }])));
  };
  return { asked, load };
}

const tagsOf = (key: string): string[] => [`row:${key}`];

async function many(
  stack: CacheStack,
  keys: string[],
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Loaded>>,
): Promise<(string | null)[]> {
  const results = await stack.store.getOrLoadMany(keys, { tagsOf }, load);
  return results.map((result) => (result.entry.body === null ? null : text(result)));
}

it('loads what is missing by one call, keeps order and repeats, and remembers what is absent', async () => {
  const [stack] = await nodes(1);
  const { asked, load } = source();
  await many(stack!, ['b'], load);
  expect(await many(stack!, ['a', 'b', 'gone', 'a'], load)).toEqual(['value of a', 'value of b', null, 'value of a']);
  expect(await many(stack!, ['gone', 'a'], load)).toEqual([null, 'value of a']);
  expect(asked).toEqual([['b'], ['a', 'gone']]);
});

it('another node finds them by one MGET and loads none', async () => {
  const [one, other] = await nodes(2);
  const { asked, load } = source();
  await many(one!, ['a', 'b', 'gone'], load);
  await one!.store.idle();
  await server.command('CONFIG', 'RESETSTAT');
  expect(await many(other!, ['a', 'b', 'gone'], load)).toEqual(['value of a', 'value of b', null]);
  const stats = await server.command<string>('INFO', 'commandstats');
  expect(stats).toMatch(/cmdstat_mget:calls=1,/);
  expect(stats).not.toMatch(/cmdstat_get:/);
  expect(asked).toHaveLength(1);
});

it('the stamp of one tag reloads that key alone, on every node', async () => {
  const [one, other] = await nodes(2);
  const { asked, load } = source();
  await many(one!, ['a', 'b'], load);
  await one!.store.idle();
  await many(other!, ['a', 'b'], load);
  await one!.store.invalidate(['row:a']);
  await other!.clock.now();
  await many(other!, ['a', 'b'], load);
  expect(asked).toEqual([['a', 'b'], ['a']]);
});

it('one load of a key runs at a time, whichever call asks for it', async () => {
  const [stack] = await nodes(1);
  const events = count(stack!.events, 'collapsed');
  const asked: string[][] = [];
  let open!: () => void;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const slow = async (keys: readonly string[]): Promise<Map<string, Loaded>> => {
    asked.push([...keys]);
    await gate;
    return new Map(keys.map((key) => [key, { body: key }]));
  };
  const first = many(stack!, ['a', 'b'], slow);
  const second = many(stack!, ['b', 'c'], slow);
  const third = stack!.store.getOrLoad('a', {}, () => Promise.reject(new Error('not this one')));
  await new Promise(setImmediate);
  open();
  expect(await Promise.all([first, second])).toEqual([
    ['a', 'b'],
    ['b', 'c'],
  ]);
  expect(text(await third)).toBe('a');
  expect(asked.flat().sort()).toEqual(['a', 'b', 'c']);
  expect(events.collapsed).toBe(2);
});

it('the value built from them depends on each, and on the oldest of them', async () => {
  const [stack] = await nodes(1);
  const { load } = source();
  const page = (): Promise<{ entry: { tags: readonly string[] }; outcome: string }> =>
    stack!.store.getOrLoad('page', {}, async () => ({ body: (await many(stack!, ['a', 'b'], load)).join() }));
  expect((await page()).entry.tags).toEqual(expect.arrayContaining(['row:a', 'row:b']));
  expect((await page()).outcome).toBe('hit');
  await stack!.store.invalidate(['row:b']);
  expect((await page()).outcome).toBe('miss');
});

it('grace serves what it has of a load that failed; without it the error is thrown', async () => {
  const [stack] = await nodes(1);
  const { load } = source();
  await many(stack!, ['a', 'b'], load);
  await stack!.store.invalidate(['row:a', 'row:b']);
  const failing = (): Promise<never> => Promise.reject(new Error('away'));
  const served = await stack!.store.getOrLoadMany(['a', 'b'], { tagsOf }, failing);
  expect(served.map(({ outcome }) => outcome)).toEqual(['grace', 'grace']);
  await expect(stack!.store.getOrLoadMany(['a', 'new'], { tagsOf }, failing)).rejects.toThrow('away');
});

it('strict: one query to the clock for all of them', async () => {
  const [stack] = await nodes(1, { consistency: 'strict' });
  const { load } = source();
  await many(stack!, ['a', 'b', 'c'], load);
  await stack!.store.idle();
  const now = jest.spyOn(stack!.clock, 'now');
  expect((await stack!.store.getOrLoadMany(['a', 'b', 'c'], { tagsOf }, load)).map(({ outcome }) => outcome)).toEqual([
    'hit',
    'hit',
    'hit',
  ]);
  expect(now).toHaveBeenCalledTimes(1);
});

it('without Redis, and with a key that is no key', async () => {
  const stack = await node({ prefix: 'alone' });
  const { load } = source();
  expect(await many(stack, ['a', 'gone'], load)).toEqual(['value of a', null]);
  await expect(many(stack, ['\ud800'], load)).rejects.toThrow(CacheError);
});

it('two nodes that lack the same keys at once load them once, in a value that has no fill lock', async () => {
  const stacks = await nodes(2);
  const { asked, load } = source();
  const slowly = async (keys: readonly string[]): Promise<Map<string, Loaded>> => {
    const loaded = await load(keys);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return loaded;
  };
  const read = (stack: CacheStack): Promise<(string | null)[]> => many(stack, ['a', 'b', 'gone'], slowly);
  expect(await Promise.all(stacks.map(read))).toEqual(Array(2).fill(['value of a', 'value of b', null]));
  expect(asked).toEqual([['a', 'b', 'gone']]);
});
