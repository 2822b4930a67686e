import { setImmediate as turn } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { CacheEventBus, CacheStack } from '../../src/caching';
import { resolveOptions } from '../../src/caching/caching.options';
import { RedisServer } from '../support/redis-server';

/**
 * What the store costs, in ratios to a bare Map.get and a bare client GET of the same run. One process on loopback,
 * calls one after the other, a body of 9 kB with 51 tags; rounds of all cases interleaved, medians of the rounds.
 * It says nothing about throughput under load or a Redis across a network.
 */
const ROUNDS = 15;
const BODY = JSON.stringify(Array.from({ length: 50 }, (_, i) => ({ id: i, name: 'x'.repeat(150) }))).slice(0, 9_000);
const TAGS = Array.from({ length: 50 }, (_, i) => `product:${i}`).concat('products');

interface Case {
  readonly name: string;
  readonly calls: number;
  readonly beside: 'Map.get' | 'client GET';
  run(): unknown;
}

async function main(): Promise<void> {
  const server = await RedisServer.start();
  const stack = new CacheStack(resolveOptions({ l2Timeout: '2s', redis: { url: server.url } }), new CacheEventBus());
  await stack.start();
  const client = createClient({ url: server.url });
  await client.connect();
  try {
    report(await measure(await cases(stack, client)));
  } finally {
    await stack.stop();
    await client.disconnect();
    await server.stop();
  }
}

async function cases(stack: CacheStack, client: ReturnType<typeof createClient>): Promise<Case[]> {
  const { store, clock, l1 } = stack;
  const load = (): Promise<{ body: string }> => Promise.resolve({ body: BODY });
  const policy = { tags: TAGS, ttl: 3_600_000 };
  await store.getOrLoad('page', policy, load);
  await store.idle();
  await client.set('bare', BODY);
  const map = new Map([['page', { body: BODY }]]);
  let n = 0;
  const fresh = (count: number): Case => {
    const tags = Array.from({ length: count }, (_, i) => `t:${i}`);
    const instant = clock.instant();
    return {
      name: `isFresh, ${count} tags`,
      calls: count > 100 ? 500 : 5_000,
      beside: 'Map.get',
      run: () => clock.staleBecause(instant, tags),
    };
  };
  const memory = new CacheStack(resolveOptions({}), new CacheEventBus());
  return [
    { name: 'Map.get', calls: 200_000, beside: 'Map.get', run: () => map.get('page') },
    { name: 'L1 hit, peek, 51 tags', calls: 50_000, beside: 'Map.get', run: () => store.peek('page') },
    {
      name: 'L1 hit, getOrLoad, 51 tags',
      calls: 20_000,
      beside: 'Map.get',
      run: () => store.getOrLoad('page', policy, load),
    },
    fresh(1),
    fresh(50),
    fresh(1_000),
    {
      name: 'miss in memory, load of nothing',
      calls: 2_000,
      beside: 'Map.get',
      run: () => memory.store.getOrLoad(`m${n++ % 5_000}`, { tags: ['x'], ttl: 1, staleWhileRevalidate: 0 }, load),
    },
    { name: 'client GET', calls: 300, beside: 'client GET', run: () => client.get('bare') },
    {
      name: 'L2 hit',
      calls: 300,
      beside: 'client GET',
      run: () => (l1.clear(), store.getOrLoad('page', policy, load)),
    },
    {
      name: 'miss (L2 asked, lock, filled)',
      calls: 200,
      beside: 'client GET',
      run: () => store.getOrLoad(`miss${n++}`, policy, load),
    },
    { name: 'stamp, 1 tag', calls: 300, beside: 'client GET', run: () => store.evict([`other:${n++ % 100}`]) },
    {
      name: 'stamp, 51 tags',
      calls: 200,
      beside: 'client GET',
      run: () => store.evict(TAGS.map((tag) => `other:${tag}`)),
    },
    { name: 'now() (strict hit)', calls: 300, beside: 'client GET', run: () => clock.now() },
  ];
}

/** Nanoseconds of one call, by case: the median of interleaved rounds; the first round only warms up. */
async function measure(all: readonly Case[]): Promise<Map<Case, number>> {
  const times = new Map(all.map((one) => [one, [] as number[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const one of all) {
      await turn();
      const began = process.hrtime.bigint();
      for (let i = 0; i < one.calls; i++) {
        const result = one.run();
        if (result instanceof Promise) await result;
      }
      if (round > 0) times.get(one)!.push(Number(process.hrtime.bigint() - began) / one.calls);
    }
  }
  return new Map([...times].map(([one, list]) => [one, list.sort((a, b) => a - b)[ROUNDS >> 1]!]));
}

function report(medians: Map<Case, number>): void {
  const base = new Map([...medians].map(([{ name }, ns]) => [name, ns]));
  for (const [{ name, beside }, ns] of medians) {
    const ratio = (ns / base.get(beside)!).toFixed(2);
    console.log(`${name.padEnd(34)} ${(ns / 1_000).toFixed(3).padStart(9)} µs  ${ratio.padStart(9)} × ${beside}`);
  }
}

void main();
