import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { ReadGate } from '../../src/database';
import { Product } from '../../src/products';
import { ProductTotals } from '../../src/products/product-totals';
import { type Backend, onPostgres } from '../support/backends';
import { randomFrom } from '../support/random';
import { priceDifferences } from './price-differences';

/** Totals that differ from what the rows add up to, in one snapshot. */
const DIFFERENCES = `
  WITH rows AS (SELECT category, count(*) AS products, count(*) FILTER (WHERE stock > 0) AS in_stock,
                       count(*) FILTER (WHERE rating >= 4.5) AS featured, sum(price) AS price_sum, sum(rating) AS rating_sum
                FROM products GROUP BY category),
       totals AS (SELECT category, sum(products) AS products, sum(in_stock) AS in_stock, sum(featured) AS featured,
                         sum(price_sum) AS price_sum, sum(rating_sum) AS rating_sum
                  FROM product_totals GROUP BY category HAVING (sum(products), sum(price_sum)) <> (0, 0))
  (SELECT * FROM rows EXCEPT ALL SELECT * FROM totals) UNION ALL (SELECT * FROM totals EXCEPT ALL SELECT * FROM rows)`;

const ROW = `(name, price, description, category, stock, rating)`;

onPostgres((open) => {
  let backend: Backend;
  let dataSource: DataSource;
  let totals: ProductTotals;
  const clients: Client[] = [];

  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: backend.env.DATABASE_URL });
    await client.connect();
    clients.push(client);
    return client;
  };
  const differences = async (client: Client): Promise<unknown[]> => {
    return [...(await client.query<object>(DIFFERENCES)).rows, ...(await priceDifferences(client))];
  };

  beforeEach(async () => {
    backend = await open(2_000);
    const url = backend.env.DATABASE_URL;
    dataSource = await new DataSource({ type: 'postgres', url, entities: [Product] }).initialize();
    totals = new ProductTotals(dataSource, new ReadGate(dataSource));
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await dataSource.destroy();
    await backend.dispose();
  });

  it('what docs/counts.md says counts again after a write past the triggers', async () => {
    const client = await connect();
    await client.query(`ALTER TABLE products DISABLE TRIGGER USER; DELETE FROM products WHERE id < 300`);
    await client.query(`ALTER TABLE products ENABLE TRIGGER USER`);
    expect(await differences(client)).not.toEqual([]);
    await client.query(/```sql\n([^]*?)```/.exec(readFileSync('docs/counts.md', 'utf8'))![1]!);
    expect(await differences(client)).toEqual([]);
  });

  it('every kind of statement leaves exact totals', async () => {
    const client = await connect();
    const values = `('a', 1.25, '', 'new', 1, 4.5)`;
    for (const statement of [
      `INSERT INTO products ${ROW} VALUES ${values}, ('b', 2, '', 'other', 0, 0)`,
      `INSERT INTO products ${ROW} SELECT name, price, description, category, 0, rating FROM products LIMIT 500`,
      `UPDATE products SET stock = 0 WHERE id % 3 = 0`,
      `UPDATE products SET stock = 9 WHERE id % 2 = 0`,
      `UPDATE products SET category = 'moved' WHERE id % 7 = 0`,
      `UPDATE products SET price = round(price * 1.1, 2), rating = 4.5 WHERE id % 5 = 0`,
      `UPDATE products SET id = id + 100000 WHERE id % 11 = 0`,
      `UPDATE products SET stock = stock`,
      `DELETE FROM products WHERE id % 13 = 0`,
      `INSERT INTO products (id, name, price, description, category, stock, rating) VALUES (1, 'x', 1, '', 'x', 0, 0)
       ON CONFLICT (id) DO UPDATE SET category = 'upserted', stock = 0`,
      `MERGE INTO products p USING (SELECT generate_series(1, 50) AS id) AS s ON p.id = s.id
       WHEN MATCHED AND s.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET stock = 0
       WHEN NOT MATCHED THEN INSERT ${ROW} VALUES ('m', 1, '', 'merged', 1, 5)`,
      `WITH gone AS (DELETE FROM products WHERE category = 'moved' RETURNING *)
       INSERT INTO products ${ROW} SELECT name, price, description, 'back', stock, rating FROM gone`,
      `BEGIN; DELETE FROM products WHERE id < 300; ROLLBACK`,
      `BEGIN; SAVEPOINT s; DELETE FROM products WHERE id < 300; ROLLBACK TO s; UPDATE products SET stock = 0 WHERE id = 301; COMMIT`,
      `TRUNCATE products CASCADE`,
      `INSERT INTO products ${ROW} VALUES ${values}`,
      `BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM products; TRUNCATE products CASCADE; COMMIT`,
      `INSERT INTO products ${ROW} VALUES ${values}`,
    ]) {
      await client.query(statement);
      expect([statement, await differences(client)]).toEqual([statement, []]);
    }
    expect(await totals.count({})).toBe(1);
    expect(await totals.count({ category: 'new' })).toBe(1);
    expect(await totals.count({ category: 'none' })).toBe(0);
  });

  it('a snapshot that is older than other writers: TRUNCATE takes off their rows as well', async () => {
    const [old, other] = [await connect(), await connect()];
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await old.query('SELECT FROM watchlist');
    await other.query(`INSERT INTO products ${ROW} VALUES ('a', 1, '', 'late', 1, 5)`);
    await old.query('TRUNCATE products CASCADE');
    await old.query('COMMIT');
    expect(await differences(other)).toEqual([]);
    expect(await totals.count({})).toBe(0);
  });

  it('eight writers of every isolation level and merges: each snapshot is exact, and no writer waits for another', async () => {
    const random = randomFrom(18);
    const reader = await connect();
    let running = 8;
    const failures: string[] = [];
    const write = async (n: number): Promise<void> => {
      const client = await connect();
      const level = ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'][n % 3];
      await client.query(`SET lock_timeout = '10s'`);
      for (let turn = 0; turn < 30; turn += 1) {
        // Rows of its own: whatever waits or fails then is the totals' fault.
        const id = 8 * Math.floor(random() * 200) + n + 1;
        await client.query(`BEGIN ISOLATION LEVEL ${level}`);
        await client.query(`UPDATE products SET stock = $1, category = $2 WHERE id = $3`, [
          turn % 2,
          `c${turn % 3}`,
          id,
        ]);
        await client.query(`INSERT INTO products ${ROW} VALUES ('w', 1.5, '', $1, $2, 4.5)`, [
          `c${turn % 3}`,
          turn % 2,
        ]);
        await client.query(turn % 5 === 0 ? 'ROLLBACK' : 'COMMIT');
      }
    };
    const writers = Array.from({ length: 8 }, (_, n) =>
      write(n)
        .catch((error: unknown) => failures.push(String(error)))
        .finally(() => (running -= 1)),
    );
    let snapshots = 0;
    while (running > 0) {
      expect(await differences(reader)).toEqual([]);
      await totals.merge();
      snapshots += 1;
    }
    await Promise.all(writers);
    expect(failures.filter((failure) => !/could not serialize|read\/write dependencies/.test(failure))).toEqual([]);
    expect(snapshots).toBeGreaterThan(3);
    await totals.merge();
    expect(await differences(reader)).toEqual([]);
    const { rows } = await reader.query(`
      SELECT category FROM product_totals GROUP BY category HAVING count(*) > 1
      UNION ALL SELECT category FROM product_price_totals GROUP BY category, up_to HAVING count(*) > 1`);
    expect(rows).toEqual([]);
  });

  it('open transactions that change the same total do not wait for each other, nor for a merge', async () => {
    const [first, second] = [await connect(), await connect()];
    await second.query(`SET lock_timeout = '5s'`);
    for (const client of [first, second]) await client.query('BEGIN');
    await first.query(`UPDATE products SET category = 'same' WHERE id = 1`);
    await second.query(`UPDATE products SET category = 'same' WHERE id = 2`);
    await totals.merge();
    await first.query(`UPDATE products SET category = 'same' WHERE id = 3`);
    await Promise.all([second.query('COMMIT'), first.query('COMMIT')]);
    expect(await totals.count({ category: 'same' })).toBe(3);
    expect(await differences(first)).toEqual([]);
  });

  it('a renamed schema: writes succeed, and totals are exact', async () => {
    const client = await connect();
    await client.query(`ALTER SCHEMA public RENAME TO shop; CREATE SCHEMA public; SET search_path = shop`);
    await client.query(`UPDATE products SET stock = 0 WHERE id < 50`);
    await client.query(`DELETE FROM products WHERE id BETWEEN 50 AND 60`);
    await client.query(`INSERT INTO products ${ROW} VALUES ('a', 1, '', 'late', 1, 5)`);
    expect(await differences(client)).toEqual([]);
  });

  it('reads of many rows merge them', async () => {
    const client = await connect();
    await client.query(
      `DO $$ BEGIN FOR i IN 1..1200 LOOP UPDATE products SET stock = i % 2 WHERE id = 1; END LOOP; END $$`,
    );
    const before = await totals.count({});
    await totals.beforeApplicationShutdown();
    const [{ rows }] = (await client.query(`SELECT count(*)::int AS rows FROM product_totals`)).rows as [
      { rows: number },
    ];
    expect(rows).toBeLessThan(100);
    expect(await totals.count({})).toBe(before);
    expect(await differences(client)).toEqual([]);
  });

  it.each([
    [{}, ''],
    [{ category: 'kitchen' }, `WHERE category = 'kitchen'`],
    [{ in_stock: true }, 'WHERE stock > 0'],
    [{ in_stock: false, category: 'kitchen' }, `WHERE stock = 0 AND category = 'kitchen'`],
    [{ min_rating: 4.5, category: 'garden' }, `WHERE rating >= 4.5 AND category = 'garden'`],
  ])('count(%j) is what SQL counts', async (filter, where) => {
    const [{ n }] = await dataSource.query<[{ n: number }]>(`SELECT count(*)::int AS n FROM products ${where}`);
    expect(await totals.count(filter)).toBe(n);
  });

  it('statistics are what SQL groups', async () => {
    await dataSource.query(
      `INSERT INTO products ${ROW} VALUES ('a', 0.01, '', 'one', 1, 0.01), ('a', 0.02, '', 'one', 1, 5)`,
    );
    const expected = await dataSource.query<Record<string, string>[]>(`
      SELECT category, count(*), min(price) AS min_price, round(avg(price), 2) AS average_price, max(price) AS max_price,
             round(avg(rating), 2) AS average_rating FROM products GROUP BY category ORDER BY category`);
    const numbers = expected.map(({ category, ...row }) => ({
      category,
      ...Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])),
    }));
    expect(await totals.statsByCategory()).toEqual(numbers);
  });
});
