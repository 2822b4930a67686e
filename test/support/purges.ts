import { eventually } from './eventually';
import { sql } from './sql';

/** Until nothing waits to be evicted, and no purge is under way, nor its echo. In one look: what leaves the one table comes into the other. */
export async function allPurged(databaseUrl: string): Promise<void> {
  const look = 'SELECT 1 FROM cache_outbox UNION ALL SELECT 1 FROM cache_purges LIMIT 1';
  await eventually(async () => (await sql(databaseUrl, look)).length === 0);
}
