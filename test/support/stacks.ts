import {
  type CachingOptions,
  CacheEventBus,
  type CacheEventName,
  CacheStack,
  type CacheResult,
  type Loader,
} from '../../src/caching';
import { resolveOptions } from '../../src/caching/caching.options';
import { eventually } from './eventually';
import { needs } from './needs';
import { RedisServer } from './redis-server';

const open: CacheStack[] = [];

/** A node: the whole stack, as the Nest module builds it, started. `closeStacks()` ends them all. */
export async function node(options: CachingOptions): Promise<CacheStack> {
  const stack = new CacheStack(resolveOptions(options), new CacheEventBus());
  open.push(stack);
  await stack.start();
  return stack;
}

export async function closeStacks(): Promise<void> {
  await Promise.all(open.splice(0).map((stack) => stack.stop()));
}

/** A Redis server of the suite's own, for nodes that end with each test. */
export function useRedisServer(): () => RedisServer {
  let server: RedisServer;
  needs('redis-server');
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(closeStacks);
  afterAll(() => server.stop());
  return () => server;
}

/** Waits until the shared clock answers this node. */
export function live(stack: CacheStack): Promise<unknown> {
  return eventually(() => stack.clock.now());
}

/** Reads `key` and returns its text; `load` gives the text. */
export async function read(
  stack: CacheStack,
  key: string,
  load: () => Promise<string> | string,
  tags: string[] = [],
): Promise<string> {
  return text(await stack.store.getOrLoad(key, { tags }, loader(load)));
}

export function loader(load: () => Promise<string> | string): Loader {
  return async () => ({ body: await load() });
}

export function text(result: CacheResult): string {
  return String(result.entry.body);
}

/** Counts events of these names. */
export function count<E extends CacheEventName>(events: CacheEventBus, ...names: E[]): Record<E, number> {
  const counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<E, number>;
  for (const name of names) events.on(name, () => (counts[name] += 1));
  return counts;
}
