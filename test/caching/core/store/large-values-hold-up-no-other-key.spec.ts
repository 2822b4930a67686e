import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Cache } from 'cache-manager';
import type { CacheStack } from '../../../../src/caching';
import { createTieredCache } from '../../../../src/caching/cache-manager';
import { eventually } from '../../../support/eventually';
import { live, node, useRedisServer } from '../../../support/stacks';

const server = useRedisServer();
const SIZE = 24 * 1024 * 1024;
/** Of each test's own. */
let prefix: string;

interface Node {
  readonly stack: CacheStack;
  readonly cache: Cache;
}

const faults: unknown[] = [];
let a: Node;
let b: Node;

beforeEach(async () => {
  prefix = `large-${randomUUID()}`;
  [a, b] = [await start(), await start()];
  faults.length = 0;
  await a.cache.set('small', 'x');
});

async function start(): Promise<Node> {
  const stack = await node({ prefix, l2Timeout: '5s', redis: { url: server().url } });
  await live(stack);
  for (const name of ['storeFailed', 'stampFailed', 'redis', 'foreign'] as const) {
    stack.events.on(name, (...args: unknown[]) => faults.push([name, ...args]));
  }
  return { stack, cache: createTieredCache(stack, 60_000) };
}

/** How many reads of another key, each of Redis, one node makes while `work` runs. */
async function readsDuring({ stack, cache }: Node, work: Promise<unknown>): Promise<number> {
  let isRunning = true;
  void work.finally(() => (isRunning = false)).catch(() => undefined);
  let reads = 0;
  while (isRunning) {
    stack.l1.delete('app:small', 'deleted');
    expect(await cache.get('small')).toBe('x');
    reads += 1;
    // A lookup is shared until its turn of the event loop ends.
    await turn();
  }
  await work;
  return reads;
}

const keysOfParts = async (): Promise<number> => (await server().command<string[]>('KEYS', `${prefix}:part:*`)).length;

it.each([
  ['text', 'é'.repeat(SIZE / 2)],
  ['bytes', Buffer.alloc(SIZE, 7)],
])(
  'a value of 24 MB (%s) reaches the other node; other keys go on, and the breaker stays closed',
  async (_what, value) => {
    const wrote = await readsDuring(a, a.cache.set('large', value));
    let found: unknown;
    const read = await readsDuring(
      b,
      b.cache.get('large').then((got) => (found = got)),
    );
    expect(Buffer.from(found as string).equals(Buffer.from(value))).toBe(true);
    // In one command, the value would be ahead of all but a few of them.
    expect(wrote).toBeGreaterThan(20);
    expect(read).toBeGreaterThan(20);
    expect(faults).toEqual([]);
  },
);

it('a function that returns 24 MB runs once for two nodes', async () => {
  const value = 'x'.repeat(SIZE);
  await a.cache.wrap('large', () => value);
  await a.stack.store.idle();
  expect(await b.cache.wrap('large', () => 'other')).toHaveLength(SIZE);
  expect(faults).toEqual([]);
});

it('parts go with their value: replaced, deleted, or cleared', async () => {
  const large = (of: string): string => of.repeat(3 * 1024 * 1024);
  await a.cache.set('key', large('a'));
  const parts = await keysOfParts();
  expect(parts).toBeGreaterThan(0);
  await a.cache.set('key', large('b'));
  expect(await keysOfParts()).toBe(parts);
  expect(await b.cache.get('key')).toBe(large('b'));
  await b.cache.set('key', 'small');
  expect([await keysOfParts(), await a.cache.get('key')]).toEqual([0, 'small']);
  await a.cache.set('key', large('c'));
  await a.cache.del('key');
  expect([await keysOfParts(), await a.cache.get('key'), await b.cache.get('key')]).toEqual([0, undefined, undefined]);
  await a.cache.set('key', large('d'));
  await a.cache.clear();
  await eventually(async () => expect(await keysOfParts()).toBe(0));
});

it('a value with a missing part is a miss', async () => {
  await a.cache.set('key', 'x'.repeat(3 * 1024 * 1024));
  const [part] = await server().command<string[]>('KEYS', `${prefix}:part:*`);
  await server().command('DEL', part!);
  expect(await b.cache.get('key')).toBeUndefined();
  expect(await b.cache.wrap('key', () => 'again')).toBe('again');
  expect(faults).toEqual([]);
});
