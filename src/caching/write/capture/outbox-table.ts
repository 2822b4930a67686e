/** Runs SQL and returns the rows: TypeORM's QueryRunner in a migration, or any other client. */
export interface SqlRunner {
  query(sql: string): Promise<unknown>;
}

export const OUTBOX = 'cache_outbox';
/** LISTEN channel; channels belong to one database. */
export const CHANNEL = 'cache_outbox';
/** Session setting `on`: the writer drains after its commit itself, so no node has to be woken for it. */
export const WRITER_DRAINS = 'cache_outbox.writer_drains';

/**
 * The outbox: one record a statement, written in the writer's own transaction, so exactly as durable as the write.
 * The drain reads by `id` (Law 10); a writer finds its own records by `xid`. `changes` is null where the rows are not named: too many, too large, or impossible to record.
 * Its rows live for milliseconds, so vacuum must not wait until a fifth of the table is dead.
 */
export async function createOutbox(runner: SqlRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE ${OUTBOX} (
      xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      table_name text NOT NULL,
      operation text NOT NULL,
      changes jsonb
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
    CREATE INDEX ${OUTBOX}_xid ON ${OUTBOX} (xid)`);
}

/** Makes an outbox of an earlier release as `createOutbox` makes it now: the drain reads by `id`. Does nothing if it is already. */
export async function upgradeOutbox(runner: SqlRunner): Promise<void> {
  await runner.query(`
    DO $upgrade$ BEGIN
      IF to_regclass('${OUTBOX}_xid') IS NULL THEN
        ALTER TABLE ${OUTBOX} DROP CONSTRAINT ${OUTBOX}_pkey;
        ALTER TABLE ${OUTBOX} ADD PRIMARY KEY (id);
        CREATE INDEX ${OUTBOX}_xid ON ${OUTBOX} (xid);
      END IF;
    END $upgrade$`);
}

export async function dropOutbox(runner: SqlRunner): Promise<void> {
  await runner.query(`DROP TABLE ${OUTBOX}`);
}
