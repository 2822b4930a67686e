import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheStack } from '../../../../src/caching';
import { SLACK } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, loader, node, text } from '../../../support/stacks';
import { needs } from '../../../support/needs';

needs('redis-server');

const READERS = 1_000;
let server: RedisServer;
let nodes: CacheStack[];

beforeAll(async () => {
  server = await RedisServer.start();
});
beforeEach(async () => {
  const options = { prefix: 'crowd', l2Timeout: 5_000, maxLag: 10_000, fillWait: 10_000, redis: { url: server.url } };
  nodes = await Promise.all([node(options), node(options)]);
  await Promise.all(nodes.map((stack) => live(stack)));
});
afterEach(() => closeStacks());
afterAll(() => server.stop());

/** Half of the readers on each node. */
function crowd(key: string, load: () => Promise<string>, readers = READERS): Promise<string[]> {
  const readings = Array.from({ length: readers }, async (_, i) =>
    text(await nodes[i % 2]!.store.getOrLoad(key, { tags: ['page'] }, loader(load))),
  );
  return Promise.all(readings);
}

it('a thousand concurrent readers on two nodes cost one load', async () => {
  let loads = 0;
  const values = await crowd('first', async () => {
    loads += 1;
    await sleep(100);
    return 'value';
  });
  expect(new Set(values)).toEqual(new Set(['value']));
  expect(loads).toBe(1);
});

it('a reader that arrives after a write during the load gets the new value (Law 5)', async () => {
  let version = 1;
  let loads = 0;
  const load = async (): Promise<string> => {
    loads += 1;
    const seen = version;
    await sleep(150);
    return `v${seen}`;
  };
  const early = crowd('page', load, 100);
  await sleep(60);
  version = 2;
  await nodes[0]!.store.invalidate(['page']);
  await nodes[1]!.clock.now();
  const late = crowd('page', load);
  expect(new Set(await late)).toEqual(new Set(['v2']));
  for (const value of await early) expect(['v1', 'v2']).toContain(value);
  expect(loads).toBeLessThanOrEqual(4);
});

it('a result that may not be stored is not shared with other callers', async () => {
  let loads = 0;
  const values = await Promise.all(
    Array.from({ length: 20 }, () =>
      nodes[0]!.store.getOrLoad('own', {}, async () => {
        const mine = ++loads;
        await sleep(20);
        return { body: `${mine}`, store: false };
      }),
    ),
  );
  expect(new Set(values.map(text)).size).toBe(20);
});

it('a node that dies with the fill lock delays the others by at most fillWait', async () => {
  const options = { prefix: 'crowd', l2Timeout: 1_000, fillWait: 300, redis: { url: server.url } };
  const survivor = await node(options);
  await live(survivor);
  await server.command('SET', 'crowd:lock:orphan', 'dead', 'PX', '600000');
  const began = performance.now();
  const result = await survivor.store.getOrLoad(
    'orphan',
    {},
    loader(() => 'loaded'),
  );
  expect(text(result)).toBe('loaded');
  expect(performance.now() - began).toBeLessThan(options.fillWait + SLACK);
});
