import { Client, QueryResultRow } from 'pg';

/** One statement on a connection of its own. */
export async function sql<T extends QueryResultRow>(url: string, text: string, values?: unknown[]): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
