import { setImmediate as turn } from 'node:timers/promises';
import { Redis } from 'iovalkey';
import { CacheEventBus, CacheStack } from '../../src/caching';
import { resolveOptions } from '../../src/caching/caching.options';
import type { Lab } from '../lab';
import { count, number } from '../report/format';
import type { Section } from '../report/section';
import { interleaved } from '../rounds';
import { median } from '../statistics';
import type { Bench, Step } from '../step';

const BODY = 'x'.repeat(9_000);
const HOUR = 3_600_000;

export const store: Step = { name: 'store', title: 'What the store costs, and each tag', run };

interface Call {
  name: string;
  tags: number | undefined;
  /** In one turn. */
  times: number;
  run: () => unknown;
}

async function run({ profile, lab, progress }: Bench): Promise<Section> {
  const calls = await prepare(lab, profile.tags);
  // The first turn only warms up.
  const measured = await interleaved(calls, profile.repeats + 1, async (call, round) => {
    progress(`round ${round}/${profile.repeats}, ${call.name}`);
    return microseconds(call);
  });
  return report(profile.tags, new Map([...measured].map(([call, all]) => [call, median(all.slice(1))])));
}

async function prepare(lab: Lab, tagCounts: number[]): Promise<Call[]> {
  const options = resolveOptions({ l2Timeout: '2s', redis: { url: lab.redisUrl }, prefix: `store-${process.pid}` });
  const stack = new CacheStack(options, new CacheEventBus());
  await stack.start();
  lab.closeLater(() => stack.stop());
  const client = new Redis(lab.redisUrl);
  lab.closeLater(() => client.disconnect());
  await client.set('bare', BODY);
  const map = new Map([['page', { body: BODY }]]);
  const calls: Call[] = [
    { name: 'Map.get', tags: undefined, times: 50_000, run: () => map.get('page') },
    { name: 'client GET', tags: undefined, times: 100, run: () => client.get('bare') },
    { name: 'now(), what a strict hit adds', tags: undefined, times: 100, run: () => stack.clock.now() },
  ];
  for (const tags of tagCounts) calls.push(...(await callsWith(stack, tags)));
  return calls;
}

async function callsWith({ store, clock, l1 }: CacheStack, count: number): Promise<Call[]> {
  const tags = Array.from({ length: count }, (_, i) => `of-${count}:${i}`);
  const others = tags.map((tag) => `other-${tag}`);
  const key = `page-${count}`;
  const policy = { tags, ttl: HOUR };
  const loaded = (): Promise<{ body: string }> => Promise.resolve({ body: BODY });
  await store.getOrLoad(key, policy, loaded);
  await store.idle();
  const instant = clock.instant();
  let n = 0;
  return [
    { name: 'L1 hit', tags: count, times: 5_000, run: () => store.peek(key) },
    {
      name: 'L1 hit, first after a stamp',
      tags: count,
      times: Math.ceil(20_000 / (count + 20)),
      run: () => clock.staleBecause(instant, tags),
    },
    { name: 'L2 hit', tags: count, times: 60, run: () => (l1.clear(), store.getOrLoad(key, policy, loaded)) },
    { name: 'miss', tags: count, times: 40, run: () => store.getOrLoad(`${key}-${(n += 1)}`, policy, loaded) },
    { name: 'evict', tags: count, times: 40, run: () => store.invalidate(others) },
  ];
}

async function microseconds({ times, run }: Call): Promise<number> {
  await turn();
  const began = process.hrtime.bigint();
  for (let i = 0; i < times; i += 1) {
    const result = run();
    if (result instanceof Promise) await result;
  }
  return Number(process.hrtime.bigint() - began) / times / 1_000;
}

function report(tagCounts: number[], measured: Map<Call, number>): Section {
  const all = [...measured];
  const names = [...new Set(all.filter(([{ tags }]) => tags !== undefined).map(([{ name }]) => name))];
  const cost = (name: string, tags?: number): number =>
    all.find(([call]) => call.name === name && call.tags === tags)?.[1] ?? NaN;
  const bare = all.filter(([{ tags }]) => tags === undefined).map(([{ name }]) => name);
  return {
    title: 'What the store costs, and each tag',
    text: [
      "Microseconds of one call in one process, one after the other, a body of 9 kB, Redis on loopback; beside them a bare Map.get and the Redis client's bare " +
        'GET. An entry that was looked at since the last stamp is fresh without a look at its tags; the first look after a stamp compares each tag. A page of ' +
        '50 products has some 55 tags. A miss asks L2, takes the fill lock and stores; evict stamps tags that the entry does not have.',
    ],
    tables: [
      { columns: ['µs a call', ...bare], rows: [['', ...bare.map((name) => number(cost(name)))]] },
      {
        columns: ['µs a call, by tags of the entry', ...tagCounts.map(count)],
        rows: names.map((name) => [name, ...tagCounts.map((tags) => number(cost(name, tags)))]),
      },
    ],
    charts: [
      {
        name: 'tags',
        title: 'As an entry has more tags',
        subtitle: 'Microseconds of one call of the store; logarithmic',
        kind: 'lines',
        labels: tagCounts.map((tags) => `${count(tags)} tags`),
        series: names
          .filter((name) => name !== 'miss')
          .map((name) => ({ name, values: tagCounts.map((tags) => cost(name, tags)) })),
        format: number,
        logarithmic: true,
      },
    ],
  };
}
