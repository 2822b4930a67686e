import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { CacheError } from '../../caching.errors';
import { OUTBOX } from '../capture/outbox-table';
import type { ClockIdentity } from '../../core/clock/clock-identity';

/** Milliseconds to wait before refusing: the database releases the lock of a killed process within moments. */
const PATIENCE = 2_000;

/**
 * All processes that drain one outbox must use one clock (two schemas of one database are two outboxes): a node that drains a record stamps its own clock, and nodes of
 * another clock would never learn of the write. Each holds a shared lock that names its clock, for as long as its session lives. The clock's identity
 * counts, not its prefix: another Redis server under the same prefix is another clock.
 */
export class ClockMembership {
  private joined: string | undefined;

  constructor(private readonly identity: ClockIdentity) {}

  /** For a new session. @throws CacheError `CACHE_CLOCK_CONFLICT`; what the query for the clock's identity throws */
  async join(client: ClientBase): Promise<void> {
    const identity = await this.identity.current();
    await acquireClockLock(client, await locksOf(client), lockNumber(identity));
    this.joined = identity;
  }

  /**
   * A stamp counts only if it went to the clock that was joined: Redis may be another server since. A new epoch of the same
   * clock is fine.
   * @param epoch in which the stamp was acknowledged
   * @throws CacheError `CACHE_CLOCK_CONFLICT`: the session has to join again
   */
  confirm(epoch: string): void {
    if (this.joined === undefined || this.identity.of(epoch) === this.joined) return;
    throw new CacheError(
      'CACHE_CLOCK_CONFLICT',
      'Redis leads to another clock than before; it has to be joined first.',
    );
  }
}

/** Half of an advisory lock's key: at least 1. */
function lockNumber(text: string): number {
  return 1 + (createHash('sha1').update(text).digest().readUInt32BE() >>> 2);
}

/** The first half of the locks' key names the outbox, the second half the clock that a process uses. */
async function locksOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ oid: string }>(`SELECT to_regclass('${OUTBOX}')::oid::text AS oid`);
  return lockNumber(`strata ${OUTBOX} ${rows[0]?.oid}`);
}

/** @throws CacheError `CACHE_CLOCK_CONFLICT` */
async function acquireClockLock(client: ClientBase, locks: number, id: number): Promise<void> {
  for (const until = performance.now() + PATIENCE; ; await sleep(50)) {
    if (await tryJoin(client, locks, id)) return;
    if (performance.now() > until) break;
  }
  throw new CacheError(
    'CACHE_CLOCK_CONFLICT',
    "Another process uses this database with another cache clock, so neither would learn of the other's writes. " +
      'Give all processes the same Redis server (REDIS_URL) and the same CACHE_PREFIX.',
  );
}

/** One at a time: two that start together would else see each other and both give up. */
async function tryJoin(client: ClientBase, locks: number, id: number): Promise<boolean> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1, 0)', [locks]);
    const { rows } = await client.query(
      `SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objsubid = 2 AND objid NOT IN (0, $2)
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND granted LIMIT 1`,
      [locks, id],
    );
    if (rows.length > 0) return false;
    await client.query('SELECT pg_advisory_lock_shared($1, $2)', [locks, id]);
    return true;
  } finally {
    await client.query('COMMIT');
  }
}
