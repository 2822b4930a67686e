import { EntityCache, field, type SelectedRow } from '../../../../src/caching';
import { RowsDefinition } from '../../../../src/caching/core/rows/rows-definition';
import { count, live, node, text, useRedisServer } from '../../../support/stacks';

const server = useRedisServer();

const definition = new RowsDefinition({
  name: 'thing',
  table: 'things',
  key: { id: 'integer' },
  tag: (id) => `thing:${id}`,
  fields: { id: field.integer('id'), name: field.text('name') },
});

const ROWS: SelectedRow[] = ['1', '2'].map((id) => ({ id, json: `{"id":${id},"name":"thing ${id}"}` }));

/** A node with a view of a list: how often it read Redis and the table. */
async function shop(): Promise<{ view: () => Promise<string>; reads: { l2: number }; queries: () => number }> {
  const stack = await node({ prefix: 'cold', redis: { url: server().url } });
  await live(stack);
  let queries = 0;
  const cache = new EntityCache(stack, definition, () => Promise.resolve(ROWS));
  const reads = { l2: 0 };
  stack.events.on('l2', (operation) => void (reads.l2 += operation === 'read' ? 1 : 0));
  const load = async (): Promise<{ body: string }> => {
    const list = { key: ['all'] as const, tags: ['things'] };
    const { count: all, texts } = await cache.counted(list, () => {
      queries += 1;
      return Promise.resolve({ count: 7, rows: ROWS });
    });
    return { body: `${all} ${texts.join()}` };
  };
  const view = async (): Promise<string> => {
    const shown = text(await stack.store.getOrLoad('view:all', {}, load));
    await stack.store.idle();
    return shown;
  };
  return { view, reads, queries: () => queries };
}

it('a view that no tier has takes one read of Redis, and its list is read from the table', async () => {
  const { view, reads, queries } = await shop();
  expect(await view()).toBe(`7 ${ROWS.map(({ json }) => json).join()}`);
  expect([reads.l2, queries()]).toEqual([1, 1]);
});

it('a view that a write of a row made stale is built again without a query, on a node that never had it too', async () => {
  const first = await shop();
  const second = await shop();
  const shown = await first.view();
  const stack = await node({ prefix: 'cold', redis: { url: server().url } });
  const stamped = count(stack.events, 'stamped');
  await stack.store.invalidate(['thing:1']);
  expect(stamped.stamped).toBe(1);
  expect(await second.view()).toBe(shown);
  expect(second.queries()).toBe(0);
});
