import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

let catalogue: WatchedCatalogue;
let nodes: EvictionNode[];

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open(20);
  const start = (): Promise<EvictionNode> => catalogue.node({ caching: { grace: 0 } });
  nodes = await Promise.all([start(), start()]);
});
afterAll(async () => {
  await stopNodes();
  await catalogue.dispose();
});

const sees = (stock: number): Promise<unknown> =>
  Promise.all(
    nodes.map((node) =>
      eventually(async () => (await node.read('detail', 1)).value.includes(`"stock":${stock},`), 20_000),
    ),
  );

/** What operators do to an outbox that they think has grown too large, or restore by hand. */
const ACTS: [name: string, sql: string][] = [
  ['its ids begin again', 'TRUNCATE cache_outbox RESTART IDENTITY'],
  ['its sequence is set back', `SELECT setval(pg_get_serial_sequence('cache_outbox', 'id'), 1)`],
  ['it is truncated', 'TRUNCATE cache_outbox'],
  ['it has another owner', 'ALTER TABLE cache_outbox OWNER TO pg_database_owner'],
  ['it is rewritten', 'VACUUM FULL cache_outbox'],
];

let stock = 700_000;

it.each(ACTS)('%s: later writes of nodes and of other programs are seen, and trust comes back', async (_, sql) => {
  // The nodes have drained ids that the outbox will not reach soon.
  await catalogue.sql('DO $$ BEGIN FOR i IN 1..30 LOOP UPDATE products SET stock = i WHERE id = 2; END LOOP; END $$');
  await eventually(async () => (await catalogue.waiting()) === 0);
  await eventually(() => warm(nodes, 'detail', 1));
  await catalogue.sql(sql);
  // Soon enough that no poll has seen it, and then when all have.
  await catalogue.sql('UPDATE products SET stock = $1 WHERE id = 1', [(stock += 1)]);
  await sees(stock);
  for (const node of nodes)
    await eventually(async () => (await node.call<{ state: string }>('trust')).state === 'proved');
  await eventually(() => warm(nodes, 'detail', 1));
  await nodes[0]!.write('update()', 1, (stock += 1));
  await sees(stock);
  await eventually(() => warm(nodes, 'detail', 1));
  await catalogue.sql('UPDATE products SET stock = $1 WHERE id = 1', [(stock += 1)]);
  await sees(stock);
  await eventually(async () => (await catalogue.waiting()) === 0);
});
