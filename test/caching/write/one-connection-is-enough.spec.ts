import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';
import { needs } from '../../support/needs';

needs('postgres', 'redis-server');

/** An embedded database has one connection: the drain borrows the writer's, and must never wait for itself. */
let catalogue: WatchedCatalogue;
let node: EvictionNode;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open();
  node = await catalogue.node({ embedded: true, caching: { redis: undefined } });
});

afterAll(async () => {
  await stopNodes();
  await catalogue.dispose();
});

it.each(['save', 'update()', 'query()', 'transaction with savepoints', 'hand-written BEGIN'])(
  '%s is seen by the next read',
  async (road) => {
    await warm([node], 'detail', 1);
    const stock = 1000 + road.length;
    await node.write(road, 1, stock);
    expect((await node.read('detail', 1)).value).toContain(`"stock":${stock},`);
  },
);

it('fifty writers and readers at once take their turns', async () => {
  const ids = Array.from({ length: 50 }, (_, index) => index + 10);
  await warm([node], 'list');
  await Promise.all(ids.map((id) => node.write('save', id, 4711)));
  for (const id of ids) expect((await node.read('detail', id)).value).toContain('"stock":4711,');
  expect(await catalogue.waiting()).toBe(0);
  expect(await node.call('counts')).toMatchObject({ evictionLate: 0, drainFailed: 0 });
});

it('what does not look like a write is found by the next look', async () => {
  await warm([node], 'detail', 2);
  await node.write('query() calling a function that writes', 2, 4712);
  await eventually(async () => (await node.read('detail', 2)).value.includes('"stock":4712,'));
});
