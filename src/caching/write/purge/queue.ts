import { escapeLiteral, type Pool } from 'pg';
import { CacheError } from '../../caching.errors';
import { edgeTag } from '../../edge/edge-tags';
import { PURGES } from './table';

/** Rows of one claim: a few calls to any edge. */
export const CLAIM = 200;

/** A tag that somebody has to purge now. */
export interface DuePurge {
  readonly tag: string;
  readonly version: string;
  readonly isRepeat: boolean;
  /** Milliseconds since it was queued. */
  readonly lag: number;
}

/** How many tags wait for their first purge, or for one that failed; and for how long the oldest has, in ms. */
export interface Waiting {
  readonly count: number;
  readonly oldestMs: number;
  /** Something is due now. */
  readonly due: boolean;
}

/** The statements over `cache_purges`, all short, each a transaction of its own. Times are the database's, so nodes need not agree. */
export class PurgeQueue {
  constructor(private readonly pool: Pool) {}

  /** @throws CacheError `CACHE_OPTIONS` when the migration is missing */
  async requireTable(): Promise<void> {
    const { rows } = await this.pool.query<{ missing: boolean }>(`SELECT to_regclass('${PURGES}') IS NULL AS missing`);
    if (!rows[0]?.missing) return;
    throw new CacheError(
      'CACHE_OPTIONS',
      `An edge is to be purged, but there is no table ${PURGES}: add createPurgeQueue() to a migration.`,
    );
  }

  async add(tags: readonly string[]): Promise<void> {
    if (tags.length > 0) await this.pool.query(queueing(tags));
  }

  /**
   * Takes due rows for as long as the lease runs. Nothing stays locked, so no writer who queues one of them again waits for an edge;
   * if this process dies, another takes them when the lease is over.
   */
  async claim(lease: number): Promise<DuePurge[]> {
    const { rows } = await this.pool.query<DuePurge>(`
      WITH due AS MATERIALIZED (
        SELECT tag FROM ${PURGES} WHERE due_at <= now() ORDER BY is_echo, due_at LIMIT ${CLAIM} FOR UPDATE SKIP LOCKED)
      UPDATE ${PURGES} p SET due_at = now() + ${ms(lease)} FROM due WHERE p.tag = due.tag
      RETURNING p.tag, p.version::text, p.is_echo AS "isEcho", ${age('p.queued_at')} AS lag`);
    return rows;
  }

  /** Purged: once, then it is due again after `echoAfter`; twice, then it is done. What was queued again meanwhile stays as it is. */
  async markPurged(purged: readonly DuePurge[], echoAfter: number): Promise<void> {
    await this.change(
      purged,
      `gone AS (DELETE FROM ${PURGES} p USING mine WHERE p.tag = mine.tag AND p.is_echo)
      UPDATE ${PURGES} p SET is_echo = true, failures = 0, due_at = now() + ${ms(echoAfter)}
      FROM mine WHERE p.tag = mine.tag AND NOT p.is_echo`,
    );
  }

  /** Not purged: due again after `pause`. */
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

  /** Rows that are still as they were claimed. One that is locked is being queued again, so it is not ours any more. */
  private async change(rows: readonly DuePurge[], sql: string): Promise<void> {
    await this.pool.query(
      `WITH mine AS MATERIALIZED (
         SELECT p.tag FROM ${PURGES} p JOIN unnest($1::text[], $2::text[]) AS c (tag, version)
         ON p.tag = c.tag AND p.version = c.version::xid8 FOR UPDATE OF p SKIP LOCKED),
       ${sql}`,
      [rows.map(({ tag }) => tag), rows.map(({ version }) => version)],
    );
  }
}

/**
 * Queues tags, each once: one that waits already is due at once, and its echo begins anew. In one order, so that two who queue the
 * same tags do not lock each other out. A text without parameters, because it travels with the drain's COMMIT.
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
