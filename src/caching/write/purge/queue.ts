import { escapeLiteral, type Pool } from 'pg';
import { CacheError } from '../../caching.errors';
import { edgeTag } from '../../edge/edge-tags';
import { PURGES } from './table';

/** Rows of one claim: a few calls, whichever the edge. */
export const CLAIM = 200;

/** A tag that is due for a purge. */
export interface DuePurge {
  readonly tag: string;
  readonly version: string;
  readonly isRepeat: boolean;
  /** ms since the tag was queued. */
  readonly lag: number;
  /** When it was claimed, by the database's clock, in its own words. */
  readonly claimedAt: string;
}

/** How many tags wait for their first purge or for a retry, and how long the oldest has waited, in ms. */
export interface Waiting {
  readonly count: number;
  readonly oldestMs: number;
  /** Something is due now. */
  readonly due: boolean;
}

/** The statements on `cache_purges`: short, each in its own transaction. Times are the database's, so clocks of nodes may differ. */
export class PurgeQueue {
  /** @param poolOf the pool that writes go to now: another one after the DataSource was destroyed and initialised again */
  constructor(private readonly poolOf: () => Pool) {}

  private get pool(): Pool {
    return this.poolOf();
  }

  /** @throws CacheError `CACHE_OPTIONS` when the migration is missing */
  async requireTable(): Promise<void> {
    const { rows } = await this.pool.query<{ missing: boolean }>(`SELECT to_regclass('${PURGES}') IS NULL AS missing`);
    if (!rows[0]?.missing) return;
    throw new CacheError(
      'CACHE_OPTIONS',
      `Purging an edge needs the table ${PURGES}, which does not exist: add createPurgeQueue() to a migration.`,
    );
  }

  async add(tags: readonly string[]): Promise<void> {
    if (tags.length > 0) await this.pool.query(queueing(tags));
  }

  /**
   * Takes due rows for `lease` ms. No lock is held, so a writer that queues a tag again never waits for an edge.
   * If this process dies, another node takes the rows when the lease is over.
   */
  async claim(lease: number): Promise<DuePurge[]> {
    const { rows } = await this.pool.query<DuePurge>(`
      WITH due AS MATERIALIZED (
        SELECT tag FROM ${PURGES} WHERE due_at <= now() ORDER BY is_echo, due_at LIMIT ${CLAIM} FOR UPDATE SKIP LOCKED)
      UPDATE ${PURGES} p SET due_at = now() + ${ms(lease)} FROM due WHERE p.tag = due.tag
      RETURNING p.tag, p.version::text, p.is_echo AS "isRepeat", ${age('p.queued_at')} AS lag,
                now()::text AS "claimedAt"`);
    return rows;
  }

  /**
   * After its first purge a row is due again after `echoAfter` ms; after the second it is deleted. A row that was queued again
   * stays, and has waited since its claim at most: what was queued before is purged.
   */
  async markPurged(purged: readonly DuePurge[], echoAfter: number): Promise<void> {
    await this.change(
      purged,
      `again AS (
        UPDATE ${PURGES} p SET queued_at = c.claimed_at FROM claimed c
        WHERE p.tag = c.tag AND NOT c.is_mine AND p.queued_at < c.claimed_at),
      gone AS (DELETE FROM ${PURGES} p USING mine WHERE p.tag = mine.tag AND p.is_echo)
      UPDATE ${PURGES} p SET is_echo = true, failures = 0, due_at = now() + ${ms(echoAfter)}
      FROM mine WHERE p.tag = mine.tag AND NOT p.is_echo`,
    );
  }

  /** After a failed purge rows are due again after `pause` ms. */
  async postpone(failed: readonly DuePurge[], pause: number): Promise<void> {
    await this.change(
      failed,
      `none AS (SELECT)
      UPDATE ${PURGES} p SET failures = failures + 1, due_at = now() + ${ms(pause)} FROM mine WHERE p.tag = mine.tag`,
    );
  }

  async waiting(): Promise<Waiting> {
    const { rows } = await this.pool.query<Waiting>(`
      SELECT count(*) FILTER (WHERE NOT is_echo OR failures > 0)::int AS count,
             coalesce(max(${age('queued_at')}) FILTER (WHERE NOT is_echo OR failures > 0), 0) AS "oldestMs",
             coalesce(bool_or(due_at <= now()), false) AS due
      FROM ${PURGES}`);
    return rows[0] ?? { count: 0, oldestMs: 0, due: false };
  }

  /** `mine`: rows whose version is still the claimed one. A locked row is being queued again, so it is skipped. */
  private async change(rows: readonly DuePurge[], sql: string): Promise<void> {
    await this.pool.query(
      `WITH claimed AS MATERIALIZED (
         SELECT p.tag, p.version = c.version::xid8 AS is_mine, c.claimed_at
         FROM ${PURGES} p JOIN unnest($1::text[], $2::text[], $3::timestamptz[]) AS c (tag, version, claimed_at)
         ON p.tag = c.tag FOR UPDATE OF p SKIP LOCKED),
       mine AS (SELECT tag FROM claimed WHERE is_mine),
       ${sql}`,
      [rows.map(({ tag }) => tag), rows.map(({ version }) => version), rows.map(({ claimedAt }) => claimedAt)],
    );
  }
}

/**
 * Queues each tag once. A tag that is queued already becomes due at once, and its re-purge starts again. Rows are sorted, so that
 * two writers of the same tags cannot deadlock. A text without parameters, as it is sent with the drain's COMMIT.
 */
export function queueing(tags: readonly string[]): string {
  const list = [...new Set(tags.map(edgeTag))].map(escapeLiteral).join(', ');
  return `
    INSERT INTO ${PURGES} (tag) SELECT tag FROM unnest(ARRAY[${list}]) AS tag ORDER BY tag COLLATE "C"
    ON CONFLICT (tag) DO UPDATE SET
      version = excluded.version, due_at = excluded.due_at, is_echo = false,
      failures = CASE WHEN ${PURGES}.is_echo THEN 0 ELSE ${PURGES}.failures END,
      queued_at = CASE WHEN ${PURGES}.is_echo AND ${PURGES}.failures = 0 THEN excluded.queued_at ELSE ${PURGES}.queued_at END;`;
}

function ms(milliseconds: number): string {
  return `interval '${Math.ceil(milliseconds)} milliseconds'`;
}

function age(column: string): string {
  return `(extract(epoch FROM now() - ${column}) * 1000)::float8`;
}
