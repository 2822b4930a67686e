import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { ReadGate } from '../../src/database';
import { Product } from '../../src/products';
import { ProductTotals } from '../../src/products/product-totals';
import { type Backend, onPostgres } from '../support/backends';
import { randomFrom } from '../support/random';
import { priceDifferences } from './price-differences';

const ROW = `(name, price, description, category, stock, rating)`;

onPostgres((open) => {
  let backend: Backend;
  let dataSource: DataSource;
  let totals: ProductTotals;
  let client: Client;

  beforeAll(async () => {
    backend = await open(2_000);
    const url = backend.env.DATABASE_URL;
    dataSource = await new DataSource({ type: 'postgres', url, entities: [Product] }).initialize();
    totals = new ProductTotals(dataSource, new ReadGate(dataSource));
    client = new Client({ connectionString: url });
    await client.connect();
  });
  afterAll(async () => {
    await totals.beforeApplicationShutdown();
    await client.end();
    await dataSource.destroy();
    await backend.dispose();
  });

  it('any range of prices is what SQL counts, of one category or all, before and after writes and merges', async () => {
    const random = randomFrom(14);
    const price = (): number => Math.round(random() * 10 ** Math.ceil(random() * 6)) / 100;
    const edges = [0, 0.01, 0.1, 1, 9.99, 10, 10.01, 20, 50, 99.99, 100, 1000, 1000.01, 9_999_999_999.99];
    for (const value of [...edges, ...Array.from({ length: 60 }, price)]) {
      await client.query(`INSERT INTO products ${ROW} VALUES ('p', $1, '', 'kitchen', 1, 4)`, [value]);
    }
    for (let turn = 0; turn < 250; turn += 1) {
      const pick = (): number => (random() < 0.5 ? price() : edges[Math.floor(random() * edges.length)]!);
      const ends = [pick(), pick()].sort((a, b) => a - b) as [number, number];
      const [from, to] = [random() < 0.3 ? undefined : ends[0], random() < 0.3 ? undefined : ends[1]];
      if (from === undefined && to === undefined) continue;
      const category = random() < 0.5 ? 'kitchen' : undefined;
      const [{ n }] = await dataSource.query<[{ n: number }]>(
        `SELECT count(*)::int AS n FROM products WHERE price >= $1 AND price <= $2 AND ($3::text IS NULL OR category = $3)`,
        [from ?? 0, to ?? 1e10, category],
      );
      const filter = { category, min_price: from, max_price: to };
      expect([filter, await totals.count(filter)]).toEqual([filter, n]);
      if (turn === 100) await totals.merge();
      if (turn === 150) await client.query(`UPDATE products SET price = price + 0.01 WHERE id % 3 = 0 AND price < 1e9`);
    }
  });

  it('a write that changes neither price nor category adds no row, and a sum of nothing leaves none', async () => {
    const rows = async (): Promise<number> => {
      const sql = 'SELECT count(*)::int AS n FROM product_price_totals';
      return (await client.query<{ n: number }>(sql)).rows[0]!.n;
    };
    const before = await rows();
    await client.query(`UPDATE products SET stock = stock + 1, name = name || '!', rating = 1`);
    expect(await rows()).toBe(before);
    await client.query(`UPDATE products SET category = 'gone' WHERE id < 100`);
    await client.query(`DELETE FROM products WHERE category = 'gone'`);
    await totals.merge();
    const { rows: left } = await client.query(`SELECT FROM product_price_totals WHERE category = 'gone'`);
    expect(left).toEqual([]);
    expect(await priceDifferences(client)).toEqual([]);
  });

  it('a range of prices is counted by the totals, and at its ends by an index', async () => {
    const sql = totals.sqlOf({ category: 'kitchen', min_price: 12.34, max_price: 56.78 })!;
    await client.query('SET enable_seqscan = off');
    const explain = `EXPLAIN (COSTS OFF) ${sql.replaceAll('$1', `'kitchen'`)}`;
    const plan = (await client.query<{ 'QUERY PLAN': string }>(explain)).rows
      .map((row) => row['QUERY PLAN'])
      .join('\n');
    expect(plan.match(/products_by_category_and_price/g)).toHaveLength(2);
    expect(plan).not.toContain('Seq Scan on products');
  });

  it.each([
    { max_price: 5, in_stock: true },
    { search: 'kettle' },
    { min_rating: 3 },
    { min_rating: 4.5, in_stock: true },
  ])('%j is counted by the rows themselves', (filter) => expect(totals.count(filter)).toBeUndefined());
});
