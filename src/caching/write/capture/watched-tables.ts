import type { DataSource } from 'typeorm';
import { quotePath } from '../../core/sql';
import { OUTBOX } from './outbox-table';
import { TRIGGERS } from './triggers';

/** What PostgreSQL says about a table that an entity names. */
export interface WatchedTable {
  /** As the entity names it. */
  readonly path: string;
  /** Undefined: there is no such table. */
  readonly oid?: string;
  /** All triggers are there, enabled, and write to the outbox in the search path. */
  readonly isWatched: boolean;
  /** What its records call it; undefined where an older release made the triggers. */
  readonly recordedAs?: string;
  /** Partitions and inheritance children without triggers of their own: writes to them directly are not seen. */
  readonly unwatchedChildren: readonly string[];
  /** Parents whose writes are not seen, as they have no triggers: they change rows of this table too. */
  readonly unwatchedParents: readonly string[];
  /** Parents and children that are watched by a function of their own: what changes there is recorded under another name alone. */
  readonly watchedApart: readonly string[];
  /** Logical replication writes to it (or to a child), and fires no statement trigger. */
  readonly isSubscribed: boolean;
  /** Policies hide rows of it from some roles. */
  readonly hasRowSecurity: boolean;
  /** Virtual generated columns that the trigger function does not compute, or computes by an older expression. */
  readonly unknownColumns: readonly string[];
}

/**
 * The triggers of one relation that do what they should: they count only while they are enabled, and while their function lives
 * in the schema of the outbox, as that is the outbox they write to.
 */
const LIVE_TRIGGERS = `
  SELECT tgfoid FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid
  WHERE tgname = ANY ($2) AND tgenabled IN ('O', 'A')
  AND pronamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('${OUTBOX}')) AND tgrelid =`;

const QUERY = `
  WITH RECURSIVE root AS (
    SELECT path, to_regclass(quoted)::oid AS oid FROM unnest($1::text[], $3::text[]) AS given (path, quoted)
  ), family AS (
    SELECT path, oid FROM root
    UNION SELECT path, inhrelid FROM family JOIN pg_inherits ON inhparent = oid
  ), above AS (
    SELECT path, oid FROM root
    UNION SELECT path, inhparent FROM above JOIN pg_inherits ON inhrelid = oid
  ), watch AS (
    SELECT path, min(tgfoid) AS function FROM root, LATERAL (${LIVE_TRIGGERS} root.oid) AS live GROUP BY path
  )
  SELECT root.path, root.oid::text,
    ${TRIGGERS.length} = (SELECT count(*) FROM (${LIVE_TRIGGERS} root.oid) AS live) AS "isWatched",
    obj_description(watch.function, 'pg_proc') AS "recordedAs",
    ARRAY(SELECT f.oid::regclass::text FROM family f WHERE f.path = root.path AND f.oid <> root.oid
          AND ${TRIGGERS.length} <> (SELECT count(*) FROM (${LIVE_TRIGGERS} f.oid) AS live)) AS "unwatchedChildren",
    ARRAY(SELECT a.oid::regclass::text FROM above a WHERE a.path = root.path AND a.oid <> root.oid
          AND ${TRIGGERS.length} <> (SELECT count(*) FROM (${LIVE_TRIGGERS} a.oid) AS live)) AS "unwatchedParents",
    ARRAY(SELECT k.oid::regclass::text FROM (SELECT * FROM family UNION SELECT * FROM above) AS k
          WHERE k.path = root.path AND k.oid <> root.oid
          AND EXISTS (SELECT FROM (${LIVE_TRIGGERS} k.oid) AS live WHERE tgfoid <> watch.function)) AS "watchedApart",
    EXISTS (SELECT FROM family f JOIN pg_subscription_rel ON srrelid = f.oid WHERE f.path = root.path) AS "isSubscribed",
    coalesce((SELECT relrowsecurity FROM pg_class WHERE pg_class.oid = root.oid), false) AS "hasRowSecurity",
    ARRAY(SELECT attname::text FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
          JOIN pg_proc p ON p.oid = watch.function WHERE attrelid = root.oid AND attgenerated = 'v' AND NOT attisdropped
          AND strpos(prosrc, quote_literal(attname) || ', ' || pg_get_expr(adbin, adrelid)) = 0) AS "unknownColumns"
  FROM root LEFT JOIN watch USING (path)`;

/** @throws what the driver throws */
export async function readWatchedTables(dataSource: DataSource, paths: readonly string[]): Promise<WatchedTable[]> {
  return dataSource.query<WatchedTable[]>(QUERY, [paths, TRIGGERS, paths.map(quotePath)]);
}
