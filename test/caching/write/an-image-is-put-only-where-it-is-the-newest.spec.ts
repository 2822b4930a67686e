import type { CacheStack } from '../../../src/caching';
import { field, type RowImage } from '../../../src/caching';
import { RowsDefinition } from '../../../src/caching/core/rows/rows-definition';
import type { TakenRecord } from '../../../src/caching/write/drain/outbox';
import { WriteThrough } from '../../../src/caching/write/drain/write-through';
import { eventually } from '../../support/eventually';
import { live, node, useRedisServer } from '../../support/stacks';

const redis = useRedisServer();

const definition = new RowsDefinition({
  name: 'thing',
  table: 'things',
  key: { id: 'integer' },
  tag: (id) => `thing:${id}`,
  fields: { id: field.integer('id'), stock: field.integer('stock') },
});

/** A node's part of the drain that puts images, driven by hand. */
class Drain {
  private readonly writeThrough: WriteThrough;

  constructor(readonly stack: CacheStack) {
    this.writeThrough = new WriteThrough(
      stack,
      () => [definition],
      (_, error) => {
        throw error;
      },
    );
  }

  static async open(prefix: string): Promise<Drain> {
    const stack = await node({ redis: { url: redis().url }, prefix });
    await live(stack);
    return new Drain(stack);
  }

  /** One batch. @param meanwhile what others do between the take and the stamp */
  async batch(
    records: TakenRecord[],
    { isFull = false, meanwhile }: { isFull?: boolean; meanwhile?: () => Promise<unknown> } = {},
  ): Promise<void> {
    await this.stack.clock.now();
    const start = this.writeThrough.begin();
    await meanwhile?.();
    const tags = records.flatMap(
      ({ changes }) => changes?.map(([, after]) => `thing:${after!.id}`) ?? ['table:things'],
    );
    const stamped = await this.stack.clock.stamp([...tags, ...this.writeThrough.marks(start, isFull)]);
    this.writeThrough.put(records, start, stamped, isFull);
  }

  async shown(id: number): Promise<string | undefined> {
    await this.stack.clock.now();
    const found = await this.stack.store.get(definition.keyOf(String(id)));
    return found && String(found.entry.body);
  }
}

let last = 0;
function written(id: number, stock: number, xid = String((last += 1))): TakenRecord {
  const image: RowImage = { id: String(id), stock: String(stock) };
  return { id: '1', xid, age: '0', size: '10', snapshot: null, table: 'things', changes: [[image, image]] };
}
const coarse: TakenRecord = { ...written(0, 0), changes: null };

/** Two nodes of one cache, after a whole batch. */
async function twoDrains(prefix: string): Promise<[Drain, Drain]> {
  const [one, other] = [await Drain.open(prefix), await Drain.open(prefix)];
  await one.batch([written(900, 0)]);
  return [one, other];
}

it('an image that was stamped right after its take is shown by every node', async () => {
  const [one, other] = await twoDrains('put');
  await one.batch([written(1, 11)]);
  expect(await one.shown(1)).toBe('{"id":1,"stock":11}');
  await eventually(async () => (await other.shown(1)) === '{"id":1,"stock":11}');
});

it('nothing is put when another node stamped meanwhile: its image may be the newer one', async () => {
  const [one, other] = await twoDrains('overtaken');
  await one.batch([written(1, 11)], { meanwhile: () => other.batch([written(1, 12)]) });
  expect([await one.shown(1), await other.shown(1)]).toEqual([undefined, undefined]);
});

it.each([
  ['the same node', (one: Drain) => one],
  ['another node', (_: Drain, other: Drain) => other],
])('nothing of a batch that was cut short, nor of the next of %s, as a transaction may be in both', async (_, next) => {
  const [one, other] = await twoDrains(`cut-${_.length}`);
  await one.batch([written(1, 11)], { isFull: true });
  await next(one, other).batch([written(2, 12)]);
  await next(one, other).batch([written(3, 13)]);
  const shown = [1, 2, 3].map((id) => next(one, other).shown(id));
  expect(await Promise.all(shown)).toEqual([undefined, undefined, '{"id":3,"stock":13}']);
});

it('nothing beside a record that names no rows', async () => {
  const [one] = await twoDrains('coarse');
  await one.batch([written(1, 11), coarse]);
  expect(await one.shown(1)).toBeUndefined();
});

it('nothing of a row that one transaction touched twice, whatever the order of its records; the others are put', async () => {
  const [one] = await twoDrains('twice');
  await one.batch([written(1, 11, 'x'), written(2, 12, 'x'), written(1, 13, 'x')]);
  expect(await Promise.all([1, 2].map((id) => one.shown(id)))).toEqual([undefined, '{"id":2,"stock":12}']);
});

it('of a row that two transactions wrote, the later image', async () => {
  const [one] = await twoDrains('both');
  await one.batch([written(1, 11), written(1, 12)]);
  expect(await one.shown(1)).toBe('{"id":1,"stock":12}');
});
