import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { CacheError } from '../../caching.errors';
import { OUTBOX } from '../capture/outbox-table';
import type { ClockIdentity } from '../../core/clock/clock-identity';
import type { SourceLedger } from '../../core/clock/source-ledger';

/** Milliseconds to wait before refusing: the database releases the lock of a killed process within moments. */
const PATIENCE = 2_000;
/** Milliseconds: polls come several times a second, so a session that is idle for as long belongs to a node that stalls or is gone. */
const SHORTEST_SILENCE = 3_000;

/**
 * Milliseconds without a statement after which the database releases a node's lock: its host may have lost power, or it may be
 * stopped. It trusts nothing by then, because its last proof does not hold any more.
 */
export function longestSilence(proofLifetime: number): number {
  return Math.ceil(Math.max(SHORTEST_SILENCE, proofLifetime));
}

/**
 * All processes that drain one outbox must use one clock (two schemas of one database are two outboxes): a node that drains a record stamps its own clock, and nodes of
 * another clock would never learn of the write. Each holds a shared lock that names its clock, for as long as its session lives. The clock's identity
 * counts, not its prefix: another Redis server under the same prefix is another clock.
 */
export class ClockMembership {
  private joined: string | undefined;
  /** Another clock was in use since this process joined its own, or before it could. */
  private hasMissed = false;

  constructor(
    private readonly identity: ClockIdentity,
    private readonly ledger: Pick<SourceLedger, 'enter'>,
    private readonly silence: number,
  ) {}

  /** For a new session. @throws CacheError `CACHE_CLOCK_CONFLICT`; what the clock throws */
  async join(client: ClientBase): Promise<void> {
    const identity = await this.identity.current();
    if (this.joined !== undefined && this.joined !== identity) this.hasMissed = true;
    const locks = await locksOf(client);
    // Also while it sends: what no client has confirmed for as long will not arrive.
    await client.query(`SET idle_session_timeout = ${this.silence}; SET tcp_user_timeout = ${this.silence}`);
    for (const until = performance.now() + PATIENCE; !(await this.tryJoin(client, locks, identity)); await sleep(50)) {
      this.hasMissed = true;
      if (performance.now() > until) throw conflict();
    }
    this.joined = identity;
    this.hasMissed = false;
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

  /**
   * One node at a time: two that start together would else see each other and both give up. The first node of a clock enters it
   * before the next one joins, so what is cached there by then is either of this clock or ended.
   */
  private async tryJoin(client: ClientBase, locks: number, identity: string): Promise<boolean> {
    const id = lockNumber(identity);
    await client.query('BEGIN');
    try {
      await client.query('SELECT pg_advisory_xact_lock($1, 0)', [locks]);
      const { isUsed, isAnotherUsed } = await usedClocks(client, locks, id);
      if (isAnotherUsed) return false;
      if (!isUsed) await this.ledger.enter(identity, this.hasMissed);
      await client.query('SELECT pg_advisory_lock_shared($1, $2)', [locks, id]);
      return true;
    } finally {
      await client.query('COMMIT');
    }
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

function conflict(): CacheError {
  return new CacheError(
    'CACHE_CLOCK_CONFLICT',
    "Another process uses this database with another cache clock, so neither would learn of the other's writes. " +
      'Give all processes the same Redis server (REDIS_URL) and the same CACHE_PREFIX.',
  );
}

/** Whether any session holds the lock of the clock `id`, and that of any other clock. */
async function usedClocks(
  client: ClientBase,
  locks: number,
  id: number,
): Promise<{ isUsed: boolean; isAnotherUsed: boolean }> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT DISTINCT objid::text AS id FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objsubid = 2 AND objid <> 0
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND granted`,
    [locks],
  );
  const used = rows.map((row) => Number(row.id));
  return { isUsed: used.includes(id), isAnotherUsed: used.some((other) => other !== id) };
}
