import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { DatabaseServer } from './server';

/** Any number that all nodes share and no other program uses; this one is "strata" in ASCII. */
const MIGRATION_LOCK = 0x737472617461;

/**
 * Runs what has not run yet. Nodes that start together queue on a session advisory lock, so one migrates and the others find
 * it done; the lock has a connection of its own and goes with it, however the process ends. The embedded database needs none:
 * no other process can have it open.
 */
export async function migrate(dataSource: DataSource, server: DatabaseServer): Promise<void> {
  if (server.isEmbedded) {
    await dataSource.runMigrations({ transaction: 'each' });
    return;
  }
  const client = new Client({ connectionString: server.directUrl, application_name: 'strata-migrations' });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations({ transaction: 'each' });
  } finally {
    await client.end();
  }
}
