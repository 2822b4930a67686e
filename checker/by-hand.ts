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
  const ok = await (usePsql ? inPsql(owner, how) : onConnection(owner, how));
  return { how: usePsql ? `psql: ${how}` : how, ok, promised: false };
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

/** @returns false: the connection was lost, or there was none */
async function onConnection({ cluster }: Owner, statement: string): Promise<boolean> {
  const client = await cluster.stage.outside.connect().catch(() => undefined);
  if (!client) return false;
  let broken = false;
  // Between two statements a lost connection says so by itself.
  const onError = (): void => void (broken = true);
  client.on('error', onError);
  try {
    await client.query(statement);
    return true;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    broken ||= code !== DEADLOCK;
    if (broken && !isLost(code, message)) throw error;
    // One of two writers that wait for each other has to give way: the server undoes its statement, and nothing was written.
    if (!broken) await client.query('ROLLBACK').catch(onError);
    return !broken;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** @returns false: the connection was lost, or there was none @throws Error with what psql said */
async function inPsql({ cluster }: Owner, script: string): Promise<boolean> {
  const args = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', cluster.stage.databaseUrl];
  const child = spawn('psql', args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(script);
  const [code] = (await once(child, 'close')) as [number];
  if (code === 0 || said.includes('deadlock')) return true;
  if (/connection|server closed|starting up|shutting down|recovery mode/.test(said)) return false;
  throw new Error(`psql: ${said}`);
}

/** The server ended the connection, ends or starts (class 57, 08), or the socket broke. */
function isLost(code: string | undefined, message: string): boolean {
  return code === undefined ? /terminated|ended|closed/.test(message) : /^(57|08|E[A-Z])/.test(code);
}
