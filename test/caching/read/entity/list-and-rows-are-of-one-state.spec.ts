import {
  CacheError,
  EntityCache,
  field,
  type FieldText,
  type KnownRows,
  type SelectedRow,
} from '../../../../src/caching';
import type { CacheStack } from '../../../../src/caching/core/cache-stack';
import { RowsDefinition } from '../../../../src/caching/core/rows/rows-definition';
import { closeStacks, node } from '../../../support/stacks';

afterEach(() => closeStacks());

const definition = new RowsDefinition({
  name: 'thing',
  table: 'things',
  key: { id: 'integer' },
  tag: (id) => `thing:${id}`,
  fields: { id: field.integer('id'), shelf: field.text('shelf'), stock: field.integer('stock') },
});

interface Thing {
  id: number;
  shelf: string;
  stock: number;
}

/** A table of things and a cache in front of it. */
async function shop(): Promise<{
  stack: CacheStack;
  things: Map<number, Thing>;
  cache: EntityCache;
  selected: string[];
  onShelf: (shelf: string) => Promise<Thing[]>;
  stamp: (...tags: string[]) => Promise<unknown>;
}> {
  const stack = await node({ prefix: 'things' });
  const things = new Map([1, 2, 3].map((id) => [id, { id, shelf: 'a', stock: 1 }]));
  const selected: string[] = [];
  const row = (thing: Thing): SelectedRow => ({ id: String(thing.id), json: JSON.stringify(thing) });
  const cache = new EntityCache(stack, definition, (_sql, [ids]) => {
    selected.push(`rows ${String(ids)}`);
    return Promise.resolve((ids as string[]).flatMap((id) => things.get(Number(id)) ?? []).map(row));
  });
  const onShelf = async (shelf: string): Promise<Thing[]> => {
    const list = {
      key: ['shelf', shelf] as const,
      tags: [`shelf:${shelf}`],
      placeOf: (text: FieldText) => text('shelf'),
    };
    const texts = await cache.list(list, () => {
      selected.push(`shelf ${shelf}`);
      return Promise.resolve([...things.values()].filter((thing) => thing.shelf === shelf).map(row));
    });
    return texts.map((text) => JSON.parse(text) as Thing);
  };
  return { stack, things, cache, selected, onShelf, stamp: (...tags) => stack.store.invalidate(tags) };
}

it('a list fills its rows, and a write of a row leaves the list alone', async () => {
  const { things, cache, selected, onShelf, stamp } = await shop();
  await onShelf('a');
  expect(await cache.get(2)).toBe(JSON.stringify(things.get(2)));
  things.set(2, { id: 2, shelf: 'a', stock: 0 });
  await stamp('thing:2');
  expect((await onShelf('a')).map(({ stock }) => stock)).toEqual([1, 0, 1]);
  expect(selected).toEqual(['shelf a', 'rows 2']);
});

it('a row that was read newer than its list makes the list be read again, before any stamp of the list', async () => {
  const { things, selected, onShelf, stamp } = await shop();
  await onShelf('a');
  // Committed; of its stamps only the row's own is known, as when the row is read in the moment before the drain.
  things.set(2, { id: 2, shelf: 'b', stock: 1 });
  await stamp('thing:2');
  expect((await onShelf('a')).map(({ id }) => id)).toEqual([1, 3]);
  expect(selected).toEqual(['shelf a', 'rows 2', 'shelf a']);
});

it('so does a row that is gone', async () => {
  const { things, onShelf, stamp } = await shop();
  await onShelf('a');
  things.delete(3);
  await stamp('thing:3');
  expect((await onShelf('a')).map(({ id }) => id)).toEqual([1, 2]);
});

it('absent rows are remembered, until one is written', async () => {
  const { things, cache, selected, stamp } = await shop();
  expect([await cache.get(9), await cache.get(9)]).toEqual([null, null]);
  expect(selected).toEqual(['rows 9']);
  things.set(9, { id: 9, shelf: 'a', stock: 5 });
  await stamp('thing:9');
  expect(await cache.get(9)).toBe(JSON.stringify(things.get(9)));
});

it('a statement over the whole table reaches every row', async () => {
  const { things, cache, stamp } = await shop();
  await cache.getMany([1, 2]);
  things.clear();
  await stamp('table:things');
  expect(await cache.getMany([1, 2])).toEqual([null, null]);
});

it('a read of a transaction’s own goes past the cache', async () => {
  const { cache } = await shop();
  const within = { query: () => Promise.resolve([{ id: '1', json: '"not committed"' }]) };
  expect(await cache.get(1, within)).toBe('"not committed"');
  expect(await cache.get(1)).toBe('{"id":1,"shelf":"a","stock":1}');
});

describe('inside a transaction', () => {
  /** Runs `work` in an open transaction, in a load. @returns the tags that the load depends on */
  async function tagsOf(stack: CacheStack, work: () => Promise<unknown>): Promise<string[]> {
    const transaction = { isTransactionActive: true };
    const { gathered } = await stack.dependencies.run(async () => {
      stack.transactions.enter(transaction);
      await work();
      transaction.isTransactionActive = false;
      stack.transactions.leave(transaction);
    });
    return [...gathered.tags];
  }

  it('a row and a list are tags of what is made from them', async () => {
    const { stack, cache, onShelf } = await shop();
    expect(await tagsOf(stack, () => cache.get(2))).toContain('thing:2');
    const list = ['shelf:a', 'thing:1', 'thing:2', 'thing:3'];
    expect(await tagsOf(stack, () => onShelf('a'))).toEqual(expect.arrayContaining(list));
  });

  it('a list that is known to be empty is empty', async () => {
    const { stack, cache } = await shop();
    const known = (): Promise<KnownRows> => Promise.resolve({ count: 0, rows: [] });
    const list = { key: ['known'] as const, tags: ['shelf:z'], known };
    const tags = await tagsOf(stack, async () => {
      expect(await cache.list(list, () => Promise.reject(new Error('not asked')))).toEqual([]);
    });
    expect(tags).toContain('shelf:z');
  });
});

it('no ids are no rows, wherever they are read', async () => {
  const { cache, selected } = await shop();
  const within = { query: () => Promise.reject(new Error('not asked')) };
  expect([await cache.getMany([]), await cache.getMany([], within)]).toEqual([[], []]);
  expect(selected).toEqual([]);
});

it('a row under another spelling of its id is refused: no write would ever stamp that one', async () => {
  const stack = await node({ prefix: 'spelling' });
  const named = new RowsDefinition({ name: 'x', table: 'x', key: { id: 'text' }, tag: (id) => `x:${id}`, fields: {} });
  const cache = new EntityCache(stack, named, () => Promise.resolve([{ id: 'abc', json: '{}' }]));
  await expect(cache.get('ABC')).rejects.toThrow(CacheError);
});
