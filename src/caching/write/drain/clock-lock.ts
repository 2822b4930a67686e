import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { CacheError } from '../../caching.errors';
import type { ResolvedOptions } from '../../caching.options';

/** First half of the advisory locks' key, "cach" in ASCII; the second half is which clock a process goes by. */
const LOCKS = 0x63616368;
/** A process that was killed is let go by the database within moments: wait as long before saying no. In ms. */
const PATIENCE = 2_000;

/**
 * Which clock a process stamps. With Redis the prefix names it. Without, it is the process's own, and like no other;
 * unless it caches nothing: then it may stand beside others that cache nothing.
 */
export function clockId({ redis, prefix }: Pick<ResolvedOptions, 'redis' | 'prefix'>, caches: boolean): number {
  const name = redis ? `redis:${prefix}` : caches ? `process:${process.pid}:${Math.random()}` : 'nothing cached';
  return 1 + (createHash('sha1').update(name).digest().readUInt32BE() >>> 2);
}

/**
 * All processes that drain one outbox must go by one clock: whoever drains a record stamps its own, and nobody else
 * would ever hear of it. Each holds a shared lock that names its clock, for as long as its session lives.
 * @throws CacheError `CACHE_CLOCK_CONFLICT`
 */
export async function acquireClockLock(client: ClientBase, id: number): Promise<void> {
  for (const until = Date.now() + PATIENCE; ; await sleep(50)) {
    if (await tryJoin(client, id)) return;
    if (Date.now() > until) break;
  }
  throw new CacheError(
    'CACHE_CLOCK_CONFLICT',
    'Another process uses this database with a cache that would not hear of what this one writes, nor this one of the ' +
      "other's writes. Set REDIS_URL for all of them, and the same CACHE_PREFIX.",
  );
}

/** One at a time: two that start together would else see each other and both give up. */
async function tryJoin(client: ClientBase, id: number): Promise<boolean> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1, 0)', [LOCKS]);
    const { rows } = await client.query(
      `SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objsubid = 2 AND objid NOT IN (0, $2)
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND granted LIMIT 1`,
      [LOCKS, id],
    );
    if (rows.length > 0) return false;
    await client.query('SELECT pg_advisory_lock_shared($1, $2)', [LOCKS, id]);
    return true;
  } finally {
    await client.query('COMMIT');
  }
}
