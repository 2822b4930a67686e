import { Client } from 'pg';
import { type Backend, postgresAndRedis } from '../../support/backends';
import { send } from '../../support/client';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { startStrata, type StrataProcess } from '../../support/strata-process';

needs('postgres', 'redis-server');

let backend: Backend;
let client: Client;
let nodes: StrataProcess[];

beforeAll(async () => {
  backend = await postgresAndRedis(300);
  client = new Client({ connectionString: backend.env.DATABASE_URL });
  await client.connect();
  nodes = await Promise.all([startStrata(backend.env), startStrata(backend.env)]);
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await client.end();
  await backend.dispose();
});

async function stockIn(node: StrataProcess, id: number): Promise<number | undefined> {
  const { status, body } = await send<{ stock: number }>(node.url, `/api/products/${id}`);
  return status === 200 ? body.stock : undefined;
}

/** Both nodes show what the table has, and go on doing so: a wrong image would stay until its TTL. */
async function agree(...ids: number[]): Promise<void> {
  for (const id of ids) {
    const { rows } = await client.query<{ stock: number }>('SELECT stock FROM products WHERE id = $1', [id]);
    for (const node of nodes) await eventually(async () => (await stockIn(node, id)) === rows[0]?.stock);
  }
}

/**
 * Writes two rows, one after another: what a batch before left behind is over, so images of the next batch may be put, and a rule
 * that should prevent it is what prevents it.
 */
async function settle(): Promise<void> {
  for (const id of [298, 299]) {
    await client.query('UPDATE products SET stock = stock + 1 WHERE id = $1', [id]);
    await agree(id);
  }
}

it.each<[what: string, sql: string, ids: number[]]>([
  ['one row', 'UPDATE products SET stock = 501 WHERE id = 1', [1]],
  [
    'a row twice in one transaction',
    'BEGIN; UPDATE products SET stock = 601 WHERE id = 2; UPDATE products SET stock = 602 WHERE id = 2; COMMIT',
    [2],
  ],
  [
    'a rolled-back write, then another',
    'BEGIN; UPDATE products SET stock = 1 WHERE id = 3; ROLLBACK; UPDATE products SET stock = 702 WHERE id = 3',
    [3],
  ],
  ['a deleted row', 'DELETE FROM products WHERE id = 4', [4]],
  [
    'a row that is deleted and there again',
    `WITH gone AS (DELETE FROM products WHERE id = 5 RETURNING *) SELECT 1; INSERT INTO products (id, name, price, description, category, stock, rating) OVERRIDING SYSTEM VALUE VALUES (5, 'five', 1, '', 'toys', 805, 1)`,
    [5],
  ],
  [
    'a row that another id moved to',
    'DELETE FROM products WHERE id = 6; UPDATE products SET id = 6, stock = 906 WHERE id = 7',
    [6, 7],
  ],
  [
    'more rows than a record names',
    'UPDATE products SET stock = stock + 1000 WHERE id BETWEEN 1 AND 250',
    [1, 2, 100, 250],
  ],
  [
    'a row within a batch that names none',
    'BEGIN; UPDATE products SET stock = 31 WHERE id = 20; UPDATE products SET stock = stock + 1; COMMIT',
    [20, 21],
  ],
  [
    '300 records at once',
    `DO $$ BEGIN FOR i IN 1..300 LOOP UPDATE products SET stock = i WHERE id = 30 + i % 3; END LOOP; END $$`,
    [30, 31, 32],
  ],
])('%s', async (_what, statements, ids) => {
  await agree(...ids);
  await settle();
  await client.query(statements);
  await agree(...ids);
});

it('a row that a trigger writes again: its record comes before that of the statement that fired it', async () => {
  await client.query(`
    CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      UPDATE products SET stock = OLD.stock WHERE id = NEW.id; RETURN NULL; END $$;
    CREATE TRIGGER again AFTER UPDATE ON products FOR EACH ROW WHEN (NEW.stock = 4242) EXECUTE FUNCTION again()`);
  await agree(40);
  await settle();
  await client.query('UPDATE products SET stock = 4242 WHERE id = 40');
  await agree(40);
  await client.query('DROP TRIGGER again ON products; DROP FUNCTION again()');
});

it('writers on both roads at once', async () => {
  const others = await Promise.all(
    [1, 2, 3].map(async () => {
      const other = new Client({ connectionString: backend.env.DATABASE_URL });
      await other.connect();
      return other;
    }),
  );
  await Promise.all(
    others.map(async (other, place) => {
      for (let n = 0; n < 60; n += 1) {
        await other.query('UPDATE products SET stock = $1 WHERE id = $2', [1_000 * place + n, 50 + (n % 3)]);
        if (n % 5 === 0) await stockIn(nodes[n % 2]!, 50 + (n % 3));
      }
    }),
  );
  await Promise.all(others.map((other) => other.end()));
  await agree(50, 51, 52);
});

it('TRUNCATE', async () => {
  await agree(60);
  await client.query('TRUNCATE products CASCADE');
  await agree(60);
});
