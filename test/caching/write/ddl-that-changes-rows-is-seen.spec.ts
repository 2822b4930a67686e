import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

let catalogue: WatchedCatalogue;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open(20);
});
afterAll(() => catalogue.dispose());

/** No trigger fires for these, and no row is written by a statement that names it. */
const ACTS: [what: string, sql: string, stock: number][] = [
  ['a rewrite by USING', 'ALTER TABLE products ALTER stock TYPE integer USING 4001', 4001],
  ['another type', 'ALTER TABLE products ALTER stock TYPE numeric(12, 2) USING stock * 0 + 4002', 4002],
  [
    'a column with a default takes the place of another',
    'ALTER TABLE products DROP COLUMN stock CASCADE; ALTER TABLE products ADD COLUMN stock integer NOT NULL DEFAULT 4003',
    4003,
  ],
  [
    'a column takes the name of another',
    'ALTER TABLE products ADD COLUMN other integer DEFAULT 4004; ALTER TABLE products RENAME stock TO old; ALTER TABLE products RENAME other TO stock',
    4004,
  ],
  [
    'a generated column',
    'ALTER TABLE products DROP COLUMN stock CASCADE; ALTER TABLE products ADD COLUMN stock integer GENERATED ALWAYS AS (id + 4004) STORED',
    4005,
  ],
];

const stockIn = async (node: EvictionNode): Promise<number> =>
  Number(/"stock":"?([\d.]+)/.exec((await node.read('detail', 1)).value)?.[1]);

it('a rewrite while no node runs: what waits in Redis is not served', async () => {
  const before = await catalogue.node();
  await eventually(() => warm([before], 'detail', 1));
  await before.stop();
  await catalogue.sql('ALTER TABLE products ALTER stock TYPE integer USING 4006');
  const after = await catalogue.node();
  expect(await stockIn(after)).toBe(4006);
  await stopNodes();
});

describe('under running nodes', () => {
  let nodes: EvictionNode[];
  beforeAll(async () => {
    const start = (): Promise<EvictionNode> => catalogue.node({ caching: { grace: 0 } });
    nodes = await Promise.all([start(), start()]);
  });
  afterAll(stopNodes);

  it('a child table, or a partition, comes with its rows and goes with them', async () => {
    await catalogue.sql(`CREATE TABLE more (LIKE products INCLUDING ALL);
                         INSERT INTO more SELECT * FROM products WHERE id = 1; UPDATE more SET id = 9001`);
    const [node] = nodes as [EvictionNode];
    const showsIt = async (): Promise<boolean> => /"id":"?9001\b/.test((await node.read('list')).value);
    await eventually(() => warm([node], 'list'));
    expect(await showsIt()).toBe(false);
    await catalogue.sql('ALTER TABLE more INHERIT products');
    await eventually(showsIt);
    await eventually(() => warm([node], 'list'));
    await catalogue.sql('ALTER TABLE more NO INHERIT products');
    await eventually(async () => !(await showsIt()));
  });

  // Each begins with the table that the one before has left.
  it.each(ACTS)('%s', async (_what, sql, stock) => {
    await eventually(() => warm(nodes, 'detail', 1));
    await catalogue.sql(sql);
    for (const node of nodes) await eventually(async () => (await stockIn(node)) === stock);
    await eventually(() => warm(nodes, 'detail', 1));
  });
});
