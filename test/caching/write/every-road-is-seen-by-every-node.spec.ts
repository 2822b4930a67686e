import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually, SLACK } from '../../support/eventually';
import { untilAllSee, warm, WatchedCatalogue } from '../../support/watched-catalogue';
import { needs } from '../../support/needs';

needs('postgres', 'redis-server', 'psql');

const MAX_LAG = 1_000;

let catalogue: WatchedCatalogue;
let nodes: EvictionNode[];
const timings: Record<string, string> = {};

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open();
  const strict = { caching: { consistency: 'strict' as const } };
  // Two that must never be behind an acknowledged write, and one that may be, within the bound.
  nodes = await Promise.all([catalogue.node(strict), catalogue.node(strict), catalogue.node()]);
});

afterAll(async () => {
  await stopNodes();
  await catalogue.dispose();
  console.info(
    `milliseconds from acknowledgement until three nodes have the new value\n${JSON.stringify(timings, null, 2)}`,
  );
});

async function psql(script: string): Promise<void> {
  const child = spawn('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', catalogue.url], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child.stdin.end(script);
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(0);
}

describe('through TypeORM: an acknowledged write is seen at once where reads are strict, and soon where they are bounded', () => {
  it.each([
    ['save', 1, 4711],
    ['bulk save', 2, 4711],
    ['update()', 3, 4711],
    ['increment', 4, 100_000],
    ['builder', 5, 4711],
    ['upsert', 6, 4711],
    ['query()', 7, 4711],
    ['query() with a writing CTE', 8, 4711],
    ['transaction with savepoints', 9, 4711],
    ['hand-written BEGIN', 10, 4711],
    ['EXECUTE of a prepared statement', 99, 4711],
    ['remove', 11, 0],
    ['delete', 12, 0],
    ['insert', 9001, 4711],
  ])('%s', async (road, id, stock) => {
    const [writer, other] = nodes as [EvictionNode, EvictionNode];
    const before = await warm(nodes, 'detail', id);
    const took = await writer.write(road, id, stock);
    // One look, no second chance.
    for (const node of [writer, other]) {
      const { value } = await node.read('detail', id);
      expect(value).not.toBe(before);
      const truth = await catalogue.sql<{ stock: number }>('SELECT stock FROM products WHERE id = $1', [id]);
      expect((JSON.parse(value) as { stock: number }[]).map((row) => row.stock)).toEqual(truth.map((row) => row.stock));
    }
    const lag = await untilAllSee(nodes, before, 'detail', id);
    expect(lag).toBeLessThan(MAX_LAG + SLACK);
    timings[road] = `${lag.toFixed(0)}, the write took ${took.toFixed(0)}`;
  });

  it('a function that writes does not look like a write: seen within the bound', async () => {
    const before = await warm(nodes, 'detail', 13);
    await nodes[0]!.write('query() calling a function that writes', 13, 4711);
    const lag = await untilAllSee(nodes, before, 'detail', 13);
    expect(lag).toBeLessThan(MAX_LAG + SLACK);
    timings['a function'] = lag.toFixed(0);
  });

  it('a cascade: deleting a product changes the watchlists it was on', async () => {
    await catalogue.sql(`INSERT INTO watchlist VALUES ('alice', 14), ('alice', 15)`);
    await untilAllSee(nodes, '[]', 'watchlist', 'alice');
    const before = await warm(nodes, 'watchlist', 'alice');
    await nodes[0]!.write('delete', 14);
    for (const node of nodes.slice(0, 2))
      expect((await node.read('watchlist', 'alice')).value).toBe('[{"product_id":15}]');
    timings['a cascade'] = (await untilAllSee(nodes, before, 'watchlist', 'alice')).toFixed(0);
  });
});

describe('from outside: seen by every node within CACHE_MAX_LAG', () => {
  it.each([
    ['psql UPDATE', 20, 'UPDATE products SET stock = stock + 1 WHERE id = 20;'],
    [
      'psql transaction',
      21,
      'BEGIN; UPDATE products SET stock = 77 WHERE id = 21; SAVEPOINT a; DELETE FROM products; ROLLBACK TO a; COMMIT;',
    ],
    [
      'psql MERGE',
      22,
      'MERGE INTO products p USING (SELECT 22 AS id) s ON p.id = s.id WHEN MATCHED THEN UPDATE SET stock = 88;',
    ],
    [
      'psql ON CONFLICT',
      23,
      `INSERT INTO products (id, name, price, description, category, stock, rating)
       VALUES (23, 'n', 1, '', 'c', 1, 1) ON CONFLICT (id) DO UPDATE SET stock = 99;`,
    ],
    ['an UPDATE over many rows', 24, 'UPDATE products SET price = price + 1;'],
    ['a changed key', 25, 'UPDATE products SET id = 25000 WHERE id = 25;'],
  ])('%s', async (road, id, script) => {
    const before = await warm(nodes, 'detail', id);
    await psql(script);
    const lag = await untilAllSee(nodes, before, 'detail', id);
    expect(lag).toBeLessThan(MAX_LAG + SLACK);
    timings[road] = lag.toFixed(0);
  });

  it.each([
    [
      'COPY',
      `COPY products (name, price, description, category, stock, rating) FROM stdin;\nCopied\t1\t\ttest\t1\t1\n\\.\n`,
    ],
    ['psql DELETE', 'DELETE FROM products WHERE id = 26;'],
    ['TRUNCATE', 'TRUNCATE products CASCADE;'],
  ])('%s', async (road, script) => {
    const before = await warm(nodes, 'list');
    await psql(script);
    const lag = await untilAllSee(nodes, before, 'list');
    expect(lag).toBeLessThan(MAX_LAG + SLACK);
    timings[road] = lag.toFixed(0);
  });
});

it('nothing is left in the outbox', async () => {
  await eventually(async () => (await catalogue.waiting()) === 0);
});
