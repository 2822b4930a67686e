import type { ClientBase, Pool } from 'pg';

/**
 * Which database a session speaks to, in words. A restored one, a promoted one and a copy differ in one of them: the cluster's
 * system identifier, the timeline, the database. They cannot change while a session that may write lives.
 */
export async function databaseIdentity(client: ClientBase | Pool): Promise<string> {
  const { rows } = await client.query<{ name: string; oid: string }>(
    'SELECT datname AS name, oid FROM pg_database WHERE datname = current_database()',
  );
  const system = await textOr(client, 'SELECT system_identifier::text AS text FROM pg_control_system()');
  const timeline = await textOr(client, 'SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS text');
  return `database "${rows[0]?.name}" (oid ${rows[0]?.oid}, system ${system}, timeline ${timeline})`;
}

/** A role may lack the right, and a managed service the function. The remaining parts still identify the database. */
async function textOr(client: ClientBase | Pool, sql: string): Promise<string> {
  try {
    return (await client.query<{ text: string }>(sql)).rows[0]!.text;
  } catch {
    return 'unknown';
  }
}
