import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { MOST } from './by-api';
import { type Owner, pickOne, type Written } from './written';

const COLUMNS = '(name, price, description, category, stock, rating)';
const DEADLOCK = '40P01';

/** As other programs would, which know nothing of caches: over a connection of their own, or as a script for psql. */
export async function byHand(owner: Owner): Promise<Written> {
  const usePsql = owner.random() < 0.15;
  const how = pickOne(usePsql ? scripts(owner) : statements(owner), owner.random);
  await (usePsql ? inPsql(owner, how) : onConnection(owner, how));
  return { how: usePsql ? `psql: ${how}` : how, ok: true, promised: false };
}

function statements({ categories: [a, b], user, state: { products } }: Owner): string[] {
  const own = `category IN ('${a}', '${b}')`;
  return [
    `UPDATE products SET stock = stock + 1 WHERE category = '${a}'`,
    `UPDATE products SET price = price + 0.01 WHERE id = (SELECT min(id) FROM products WHERE ${own})`,
    `BEGIN; UPDATE products SET stock = 0 WHERE category = '${b}'; SAVEPOINT s; DELETE FROM products; ROLLBACK TO s; COMMIT`,
    `DELETE FROM watchlist WHERE user_id = '${user}'`,
    `WITH w AS (UPDATE products SET rating = 5 WHERE category = '${b}' RETURNING 1) SELECT count(*) FROM w`,
    `INSERT INTO products (id, name, price, description, category, stock, rating)
     SELECT id, name, price, description, category, stock, rating FROM products WHERE ${own}
     ON CONFLICT (id) DO UPDATE SET stock = products.stock + 2`,
    `MERGE INTO products p USING (SELECT max(id) AS id FROM products WHERE ${own}) s ON p.id = s.id
     WHEN MATCHED THEN UPDATE SET price = p.price + 1`,
    // What is on a watchlist goes from there with it: a cascade.
    ...(products.length > 6 ? [`DELETE FROM products WHERE id = (SELECT min(id) FROM products WHERE ${own})`] : []),
  ];
}

function scripts({ categories: [a, b], state: { products } }: Owner): string[] {
  return [
    `UPDATE products SET stock = 7 WHERE category = '${b}';`,
    ...(products.length < MOST ? [`COPY products ${COLUMNS} FROM stdin;\nCopied\t15\t\t${a}\t2\t4.7\n\\.\n`] : []),
  ];
}

async function onConnection({ cluster }: Owner, statement: string): Promise<void> {
  const client = await cluster.db.connect();
  try {
    await client.query(statement);
  } catch (error) {
    // One of two writers that wait for each other has to give way: the server undoes its statement, and nothing was written.
    if ((error as { code?: string }).code !== DEADLOCK) throw error;
    await client.query('ROLLBACK');
  } finally {
    client.release();
  }
}

/** @throws Error with what psql said */
async function inPsql({ cluster }: Owner, script: string): Promise<void> {
  const args = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', cluster.databaseUrl];
  const child = spawn('psql', args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.end(script);
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0 && !said.includes('deadlock')) throw new Error(`psql: ${said}`);
}
