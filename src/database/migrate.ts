import { type DataSource, MigrationExecutor } from 'typeorm';
import { checkRequirements } from './requirements';
import { DatabaseServer } from './server';

/** Any number that all nodes share and no other program uses; this one is "strata" in ASCII. */
const MIGRATION_LOCK = 0x737472617461;

/** Runs what has not run yet. Nodes that start together queue, so one migrates and the others find it done. */
export async function migrate(dataSource: DataSource, server: DatabaseServer): Promise<void> {
  await withMigrationLock(dataSource, server, async (executor) => {
    executor.transaction = 'each';
    await executor.executePendingMigrations();
  });
}

/**
 * One process at a time changes the schema. The lock belongs to the session in which the migrations run: whatever ends
 * that session ends both. The embedded database needs no lock, as no other process can have it open.
 */
export async function withMigrationLock<T>(
  dataSource: DataSource,
  server: DatabaseServer,
  work: (executor: MigrationExecutor) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  const executor = new MigrationExecutor(dataSource, runner);
  try {
    if (server.isEmbedded) return await work(executor);
    await checkRequirements(runner);
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      return await work(executor);
    } finally {
      // A session that has ended has no lock, and a runner without one refuses.
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    }
  } finally {
    await runner.release();
  }
}
