import { Client } from 'pg';
import { eventually, pause } from '../../test/support/eventually';
import { ROLE, type Stage } from '../stage';
import { aLongWhile, aWhile, type Fault, fault } from './fault';

/** What happens to PostgreSQL, and to the outbox in it. */
export const POSTGRES_FAULTS: Fault[] = [
  fault('outbox session ended while the role has no slot left', async ({ stage }, random) => {
    await stage.sql(`ALTER ROLE ${ROLE} CONNECTION LIMIT 0`);
    await stage.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'strata-outbox'`);
    await pause(2 * aWhile(random));
    await stage.sql(`ALTER ROLE ${ROLE} CONNECTION LIMIT -1`);
  }),
  fault('every session of the role ended', async ({ stage }) => {
    await stage.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ROLE}'`);
  }),
  fault('triggers disabled and enabled', async (cluster, random) => {
    cluster.setBlind(true);
    await eachTrigger(cluster.stage, 'DISABLE');
    await pause(random() < 0.5 ? 0 : 2 * aWhile(random));
    await eachTrigger(cluster.stage, 'ENABLE');
    cluster.setBlind(false);
  }),
  fault('rights on the outbox revoked and granted', async ({ stage }, random) => {
    const right = random() < 0.5 ? 'ALL' : 'DELETE';
    await stage.sql(`REVOKE ${right} ON cache_outbox FROM ${ROLE}`);
    await pause(2 * aWhile(random));
    await stage.sql(`GRANT ALL ON cache_outbox TO ${ROLE}`);
  }),
  fault('new sessions of the role are read-only', async ({ stage }, random) => {
    await stage.sql(`ALTER ROLE ${ROLE} SET default_transaction_read_only = on`);
    await stage.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'strata-outbox'`);
    await pause(aWhile(random));
    await stage.sql(`ALTER ROLE ${ROLE} RESET default_transaction_read_only`);
    await stage.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ROLE}'`);
  }),
  fault('long open transaction with a record of its own', ({ stage }, random) =>
    held(stage, [OWN_WRITE], aLongWhile(random)),
  ),
  fault('ACCESS EXCLUSIVE lock on the outbox', ({ stage }, random) =>
    held(stage, ['LOCK TABLE cache_outbox IN ACCESS EXCLUSIVE MODE'], aLongWhile(random)),
  ),
  fault('VACUUM FULL of the outbox queued behind a writer', async ({ stage }, random) => {
    const vacuum = await faultSession(stage);
    const writing = held(stage, [OWN_WRITE], aLongWhile(random));
    await pause(50);
    await vacuum.query('VACUUM FULL cache_outbox').catch(ignore);
    await writing;
    await vacuum.end().catch(ignore);
  }),
  fault('backend killed (SIGKILL), crash recovery', async ({ stage }, random) => {
    const backends = (await stage.sql(`SELECT pid FROM pg_stat_activity WHERE usename = '${ROLE}' ORDER BY pid`)) as {
      pid: number;
    }[];
    const victim = backends[Math.floor(random() * backends.length)];
    if (victim) kill(victim.pid);
    await pause(aWhile(random));
  }),
  fault('PostgreSQL stopped and started', async ({ stage }, random) => {
    await stage.postgres.kill();
    await pause(aWhile(random));
    await stage.postgres.up();
  }),
];

/** Of a row that no writer of the run has. */
const OWN_WRITE = 'UPDATE products SET stock = stock + 1 WHERE id = 1';

async function eachTrigger(stage: Stage, what: 'DISABLE' | 'ENABLE'): Promise<void> {
  for (const table of ['products', 'watchlist']) {
    for (const event of ['insert', 'update', 'delete', 'truncate'])
      await stage.sql(`ALTER TABLE ${table} ${what} TRIGGER cache_watch_${event}`);
  }
}

/** Statements in a transaction that stays open for `ms`. */
async function held(stage: Stage, statements: readonly string[], ms: number): Promise<void> {
  const client = await faultSession(stage);
  await client.query('BEGIN');
  for (const statement of statements) await client.query(statement);
  await pause(ms);
  await client.query('COMMIT').catch(ignore);
  await client.end().catch(ignore);
}

/** A session of its own, as soon as the server takes one: it may still recover from an earlier fault. */
function faultSession(stage: Stage): Promise<Client> {
  return eventually(async () => {
    const client = new Client({ connectionString: stage.databaseUrl, application_name: 'fault' });
    client.on('error', ignore);
    await client.connect();
    return client;
  });
}

/** Unless it has ended by itself since it was listed. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function ignore(): void {}
