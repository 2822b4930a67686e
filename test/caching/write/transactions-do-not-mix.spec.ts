import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';
import { needs } from '../../support/needs';

needs('postgres', 'redis-server');

let catalogue: WatchedCatalogue;
let writer: EvictionNode;
let reader: EvictionNode;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open();
  [writer, reader] = await Promise.all([catalogue.node(), catalogue.node()]);
});

afterAll(async () => {
  await stopNodes();
  await catalogue.dispose();
});

const outcome = async (node: EvictionNode, id: number): Promise<string> => (await node.read('detail', id)).outcome;
/** A later write of another program has been drained and is seen by both nodes; so is what was written before. */
async function settled(): Promise<void> {
  later += 1;
  await catalogue.sql('UPDATE products SET stock = $1 WHERE id = 299', [later]);
  const isSeen = async (node: EvictionNode): Promise<boolean> =>
    (await node.read('detail', 299)).value.includes(`"stock":${later},`);
  for (const node of [writer, reader]) await eventually(() => isSeen(node));
}
let later = 8_000;

it('a rollback evicts nothing', async () => {
  await warm([writer, reader], 'detail', 1);
  await writer.write('rolled back', 1, 5);
  await settled();
  expect(await Promise.all([outcome(writer, 1), outcome(reader, 1)])).toEqual(['hit', 'hit']);
});

it('an open transaction evicts nothing, its commit does, and only what it wrote', async () => {
  await warm([writer, reader], 'detail', 2);
  await warm([writer, reader], 'detail', 3);
  await writer.call('begin', 'a');
  await writer.call('set', 'a', 2, 4711);
  await settled();
  expect(await Promise.all([outcome(writer, 2), outcome(reader, 2)])).toEqual(['hit', 'hit']);
  await writer.call('end', 'a', 'commit');
  expect(await outcome(writer, 2)).toBe('miss');
  await settled();
  expect((await reader.read('detail', 2)).value).toContain('4711');
  expect(await Promise.all([outcome(writer, 3), outcome(reader, 3)])).toEqual(['hit', 'hit']);
});

it('two at once on one node: each evicts its own at its own end, and the one that rolls back evicts nothing', async () => {
  for (const id of [4, 5, 6]) await warm([writer, reader], 'detail', id);
  for (const [name, id] of [
    ['a', 4],
    ['b', 5],
    ['c', 6],
  ] as const) {
    await writer.call('begin', name);
    await writer.call('set', name, id, 4711);
  }
  await writer.call('end', 'b', 'commit');
  expect(await Promise.all([outcome(writer, 4), outcome(writer, 5), outcome(writer, 6)])).toEqual([
    'hit',
    'miss',
    'hit',
  ]);
  await writer.call('end', 'a', 'rollback');
  await settled();
  expect(await Promise.all([outcome(writer, 4), outcome(reader, 4), outcome(writer, 6)])).toEqual([
    'hit',
    'hit',
    'hit',
  ]);
  await writer.call('end', 'c', 'commit');
  expect(await outcome(writer, 6)).toBe('miss');
});

it('twelve writers at once, more than the pool has connections: all get a response, and all are invalidated', async () => {
  const ids = Array.from({ length: 12 }, (_, index) => 20 + index);
  for (const id of ids) await warm([reader], 'detail', id);
  await Promise.all(ids.map((id) => writer.write('save', id, 4711)));
  await eventually(async () => (await catalogue.waiting()) === 0);
  await settled();
  for (const id of ids) expect((await reader.read('detail', id)).value).toContain('"stock":4711');
});

it('none of it was late', async () => {
  expect(await writer.call('counts')).toMatchObject({ evictionLate: 0, drainFailed: 0 });
});
