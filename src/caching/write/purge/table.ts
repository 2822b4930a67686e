import { type SqlRunner } from '../capture/outbox-table';

export const PURGES = 'cache_purges';

/**
 * What edges have yet to be told, one row a tag. `version` is the transaction that queued it last: who has purged it knows by that
 * whether it was queued again meanwhile. `due_at` is when somebody should try, `is_echo` that it was purged once already.
 * Rows live for seconds and are updated in place: vacuum must not wait for a fifth of the table to be dead.
 */
export async function createPurgeQueue(runner: SqlRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE ${PURGES} (
      tag text PRIMARY KEY,
      version xid8 NOT NULL DEFAULT pg_current_xact_id(),
      queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      is_echo boolean NOT NULL DEFAULT false,
      failures integer NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)`);
}

export async function dropPurgeQueue(runner: SqlRunner): Promise<void> {
  await runner.query(`DROP TABLE ${PURGES}`);
}
