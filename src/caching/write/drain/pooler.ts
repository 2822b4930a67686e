import { Client, type ClientConfig } from 'pg';
import { CacheError } from '../../caching.errors';
import { withDeadline } from '../../core/async/deadline';

/** Milliseconds for the second connection of the test; in a pool of one server it would wait for ever. */
const DEADLINE = 2_000;
const ROUNDS = 3;

/**
 * A transaction pooler keeps neither LISTEN, prepared statements nor settings, and hands settings on to other clients. So this
 * runs before anything is set. A direct connection is recognised by its backend's process id, which poolers replace by their own; only
 * behind one of those is it tried out whether the session keeps its server while another client works.
 * @throws CacheError `CACHE_POOLED_SESSION`
 */
export async function refuseTransactionPooler(client: Client, config: ClientConfig): Promise<void> {
  const backend = await backendOf(client);
  if (backend === (client as unknown as { processID?: number }).processID) return;
  const other = new Client(config);
  other.on('error', () => undefined);
  try {
    const pooled = await withDeadline(sharesServers(client, other, backend), DEADLINE, 'a second session');
    if (!pooled) return;
  } catch (cause) {
    throw refusal({ cause });
  } finally {
    void other.end().catch(() => undefined);
  }
  throw refusal();
}

/** Whether `client` loses its server, or shares it, while `other` is in a transaction. */
async function sharesServers(client: Client, other: Client, backend: number): Promise<boolean> {
  await other.connect();
  for (let round = 0; round < ROUNDS; round += 1) {
    await other.query('BEGIN');
    if ((await backendOf(other)) === backend || (await backendOf(client)) !== backend) return true;
    await other.query('COMMIT');
  }
  return false;
}

async function backendOf(client: Client): Promise<number> {
  return (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid;
}

function refusal(options?: ErrorOptions): CacheError {
  return new CacheError(
    'CACHE_POOLED_SESSION',
    'The database is behind a connection pooler in transaction mode (PgBouncer), which supports neither LISTEN nor prepared ' +
      'statements. Set DATABASE_DIRECT_URL (the directUrl of EvictionModule) to the database itself; requests may continue to ' +
      'use the pooler.',
    options,
  );
}
