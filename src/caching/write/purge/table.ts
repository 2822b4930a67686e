import { type SqlRunner } from '../capture/outbox-table';

export const PURGES = 'cache_purges';

/**
 * Creates the queue of purges, one row a tag. `version` is the transaction that queued the tag last: it shows whether the tag was
 * queued again during a purge. `due_at` is the time of the next attempt; `is_echo`: the next purge is the second one.
 * Rows live for seconds and are updated in place, so vacuum must not wait until a fifth of the table is dead.
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
