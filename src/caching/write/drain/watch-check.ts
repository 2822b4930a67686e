import type { QueryResult } from 'pg';
import { CacheError } from '../../caching.errors';
import { literal, quotePath } from '../../core/sql';
import { OUTBOX } from '../capture/outbox-table';
import { LAST_ID } from './outbox';

/** What a poll found beside the records. */
export interface WatchState {
  /** Which outbox, in words: its schema and oid. */
  readonly outbox: string;
  /**
   * Which tables and which triggers. Another one than at the last poll: for a moment writes may have gone unseen.
   * It holds the `xmin` of every trigger and function, so what was disabled and enabled again between two polls shows as well;
   * the files of the outbox and its sequence, because TRUNCATE takes records unseen and RESTART IDENTITY gives ids that were
   * passed; the files, columns and partitions of the tables, because DDL changes rows and fires no trigger; and the last recovery.
   */
  readonly identity: string;
  /** The last id of the outbox that was given out; null where the role may not read it. */
  readonly lastId: string | null;
}

/** What of the outbox would hide records without any error, and what to do about it. */
const FAULTS = {
  unlogged:
    'It is not a permanent table, so a crash of PostgreSQL loses its records. ALTER TABLE cache_outbox SET LOGGED.',
  replica:
    'session_replication_role is "replica", so no trigger fires. Set it to "origin" for the role of the service.',
} as const;

/**
 * What of the tables in `family` DDL changes that changes rows: the file (a rewrite, as for another type), the columns (one
 * takes the name of another, or comes with a default), the expressions of generated ones, the partitions. Every session reads the
 * same, whatever its DateStyle, TimeZone or bytea_output.
 */
const SHAPE = `
  SELECT md5(string_agg(concat_ws(' ', relid, pg_relation_filenode(relid), columns), ',' ORDER BY relid)) FROM family, LATERAL (
    SELECT string_agg(concat_ws(' ', attnum, attname, atttypid, atttypmod, md5(array_send(attmissingval)), adbin), ','
                      ORDER BY attnum) AS columns
    FROM pg_attribute LEFT JOIN pg_attrdef ON attgenerated <> '' AND adrelid = attrelid AND adnum = attnum
    WHERE attrelid = relid AND attnum > 0 AND NOT attisdropped) AS table_columns`;

/**
 * When the server last recovered from a crash, or its statistics were last reset: a recovery resets them. It loses commits that
 * did not wait for the disk (`synchronous_commit = off`), and they may be cached.
 */
const RECOVERED = 'extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time())';

/**
 * SQL that finds, by oid, whether the triggers of all watched tables are enabled and write to the very outbox that is drained.
 * Partitions and children that have triggers count as well; start-up names those that have none. One row: `unwatched` names the
 * tables for which that is not so.
 */
export function checkSql(tables: readonly string[]): string {
  const names = `ARRAY[${tables.map((table) => literal(quotePath(table))).join(', ')}]::text[]`;
  return `
    WITH RECURSIVE family AS (
      SELECT to_regclass(name)::oid AS relid FROM unnest(${names}) AS name
      UNION SELECT inhrelid FROM family JOIN pg_inherits ON inhparent = relid
    ), watch AS (
      SELECT t.oid, t.tgrelid, t.xmin AS changed, p.xmin AS function_changed
      FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
      JOIN pg_class o ON o.relnamespace = p.pronamespace AND o.relname = '${OUTBOX}'
      WHERE t.tgrelid IN (SELECT relid FROM family) AND t.tgname LIKE 'cache\\_watch\\_%'
        AND t.tgenabled IN ('O', 'A') AND o.oid = to_regclass('${OUTBOX}'))
    SELECT
      ARRAY(SELECT name FROM unnest(${names}) AS name
            WHERE 4 <> (SELECT count(*) FROM watch WHERE tgrelid = to_regclass(name))
            UNION
            SELECT relid::regclass::text FROM family
            WHERE EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relid AND tgname LIKE 'cache\\_watch\\_%')
              AND relid NOT IN (SELECT to_regclass(name) FROM unnest(${names}) AS name WHERE to_regclass(name) IS NOT NULL)
              AND 4 <> (SELECT count(*) FROM watch WHERE tgrelid = relid)) AS unwatched,
      (SELECT format('%I.%I (oid %s)', nspname, relname, c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
       WHERE c.oid = to_regclass('${OUTBOX}')) AS outbox,
      (SELECT coalesce(md5(string_agg(
         concat_ws(' ', oid, tgrelid, changed, function_changed), ',' ORDER BY oid)), '')
         || concat_ws(' ', '', pg_relation_filenode(to_regclass('${OUTBOX}')),
              pg_relation_filenode(pg_get_serial_sequence('${OUTBOX}', 'id')::regclass), (${SHAPE}), ${RECOVERED}) FROM watch) AS identity,
      (${LAST_ID}) AS last_id,
      CASE WHEN 'p' <> (SELECT relpersistence FROM pg_class WHERE oid = to_regclass('${OUTBOX}')) THEN 'unlogged'
           WHEN current_setting('session_replication_role') = 'replica' THEN 'replica' END AS fault`;
}

interface CheckRow {
  readonly unwatched: readonly string[];
  readonly outbox: string;
  readonly identity: string;
  readonly last_id: string | null;
  readonly fault: keyof typeof FAULTS | null;
}

/** @throws CacheError `CACHE_TABLE_UNWATCHED`, `CACHE_OUTBOX_UNUSABLE` */
export function judgeCheck(result: QueryResult | undefined): WatchState {
  const row = result?.rows[0] as CheckRow | undefined;
  if (!row) throw new CacheError('CACHE_UNTRUSTED', 'the drain that this poll waited for failed');
  if (row.unwatched.length > 0) {
    throw new CacheError(
      'CACHE_TABLE_UNWATCHED',
      `Writes to ${row.unwatched.join(', ')} invalidate nothing: its triggers are missing or disabled, or they write to another ` +
        `outbox than the one that is drained. Enable them, or add watchTable() to a migration.`,
    );
  }
  if (row.fault) throw new CacheError('CACHE_OUTBOX_UNUSABLE', `The outbox cannot be relied on. ${FAULTS[row.fault]}`);
  return { outbox: row.outbox, identity: row.identity, lastId: row.last_id };
}
