import type { ClientBase, QueryResult } from 'pg';
import type { RowImage } from '../capture/evicts-tags.decorator';
import { OUTBOX } from '../capture/outbox-table';

/** What one statement changed in one table; `changes` null: the rows are not named. */
export interface OutboxRecord {
  readonly table: string;
  readonly changes: readonly (readonly [before: RowImage | null, after: RowImage | null])[] | null;
}

/** A record as the drain takes it. */
export interface TakenRecord extends OutboxRecord {
  readonly id: string;
  /** Of its transaction. */
  readonly xid: string;
  /** Milliseconds since it was written. */
  readonly age: string;
  /** Stored bytes of `changes`. */
  readonly size: string;
  /** In the first record of a batch: `pg_current_snapshot()` of the statement that took it. */
  readonly snapshot: string | null;
}

/** Bounds of one transaction of the drain: its memory, and how long it holds its locks. */
export interface BatchLimits {
  readonly records: number;
  /** Stored bytes of `changes`. A record larger than this by itself is taken without its rows. */
  readonly bytes: number;
}

/** Records are not counted further than this: an alert needs to know that they pile up, not by how many millions. */
const COUNTED = 10_000;

const COLUMNS = 'table_name AS "table", changes';
export const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';
/** For a drain on a connection that has to be left as it was. It has no deadlines: an embedded database would lose its only session. */
export const BEGIN_BORROWED = `${BEGIN}; SET LOCAL synchronous_commit = off`;

const candidates = (where: string, order: string, limit: string): string => `
  SELECT * FROM (SELECT ctid, id, coalesce(pg_column_size(changes), 0)::bigint AS size FROM ${OUTBOX}
                 WHERE ${where} ORDER BY ${order} LIMIT ${limit} FOR UPDATE) AS locked`;

/**
 * Takes the next records by `id` (Law 10). No SKIP LOCKED: it waits for another drain's rows, so when it has returned, what was
 * committed before it began is stamped, by whichever node. The array is worked out once and its rows are found by their place
 * in the table, so the cost of a batch depends neither on how many records wait nor on a plan made for an empty outbox.
 * `id + 0` keeps the planner from the index by `id` where only the one by `xid` leads past the dead records.
 */
function takeSql(after: string, open: string, next: string, records: string, bytes: string): string {
  return `
    WITH taken AS (
      DELETE FROM ${OUTBOX} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM (
          SELECT ctid, sum(size) OVER (ORDER BY id) - size AS before FROM (
            SELECT * FROM (
              ${candidates(`id > ${after}`, 'id', records)}
              UNION ALL
              ${candidates(`xid = ANY (${open}) AND id + 0 <= ${after}`, 'id + 0', records)}
              UNION ALL
              ${candidates(`xid >= ${next} AND id + 0 <= ${after}`, 'id + 0', records)}
            ) AS all_kinds ORDER BY id LIMIT ${records}
          ) AS sized
        ) AS batch WHERE before < ${bytes}))
      RETURNING id, xid, table_name, created_at, coalesce(pg_column_size(changes), 0) AS size,
                CASE WHEN pg_column_size(changes) <= ${bytes} THEN changes END AS changes)
    SELECT id, xid, ${COLUMNS}, size, extract(epoch FROM clock_timestamp() - created_at) * 1000 AS age,
           CASE WHEN row_number() OVER (ORDER BY id) = 1 THEN pg_current_snapshot() END AS snapshot
    FROM taken ORDER BY id`;
}

/**
 * Makes a session ready for drains, which is all that it may be used for.
 *
 * A drain that dies or freezes half-way loses its session, and its locks, to the idle timeout. A delete that a database crash
 * undoes is stamped a second time, which is harmless: no need to wait for the disk. With another isolation level as its default
 * the server would refuse `BEGIN` behind the check of the same round trip. Row-level security would hide records: with
 * `row_security = off` it is an error. The plan is made once, so it has to be right however many records wait: by the indexes.
 * Its estimate grows with the table, and past `jit_above_cost` the server would compile each batch again, which takes a hundred
 * times as long as the batch.
 * @param patience milliseconds for another drain's locks, and for the stamp
 */
export async function prepareDrains(client: ClientBase, patience: number): Promise<void> {
  await client.query(`
    SET lock_timeout = ${patience};
    SET statement_timeout = ${2 * patience};
    SET idle_in_transaction_session_timeout = ${patience};
    SET synchronous_commit = off;
    SET default_transaction_isolation = 'read committed';
    SET row_security = off;
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off;
    SET plan_cache_mode = force_generic_plan;
    PREPARE cache_take (bigint, xid8[], xid8, bigint, bigint) AS ${takeSql('$1', '$2', '$3', '$4', '$5')}`);
}

/** Milliseconds that the search for the first record may take, once a session: it walks whatever vacuum could not remove yet. */
const SEEK_TIMEOUT = 30_000;

/** Of 64 bits: no transaction has it. */
const LAST_XID = '18446744073709551615';

/** What a session found when it began. */
export interface OutboxStart {
  /** The last id that was given out; null where the role may not read it. */
  readonly lastId: string | null;
  /** Records that were there. */
  readonly waiting: number;
}

/**
 * Where the next record is, so that no drain walks the dead ones before it. An open snapshot keeps those from vacuum, by the
 * million. A record's id is given out after its transaction has its xid; so a record that is not visible yet either has a later
 * id, or its transaction was in progress when the last record was taken. Then that statement's snapshot lists its xid, or the xid
 * is not below the snapshot's upper end: no transaction with a later xid had ended by then.
 */
export class OutboxCursor {
  private after = '0';
  private open: readonly string[] = [];
  /** The upper end of the last snapshot: what has this xid or a later one was not seen by it. */
  private next = LAST_XID;

  /** Finds the first record. Cheap, unless millions of dead ones are in the way: then once. @throws what the driver throws */
  async seek(client: ClientBase): Promise<OutboxStart> {
    const last = await client.query<{ id: string | null }>(LAST_ID);
    const results = await several(client, `BEGIN; SET LOCAL statement_timeout = ${SEEK_TIMEOUT}; ${FIRST_ID}; COMMIT`);
    const found = results.at(-2)!.rows[0] as { id: string | null; waiting: number; snapshot: string };
    const lastId = last.rows[0]?.id ?? null;
    this.after = found.id === null ? (lastId ?? '0') : String(BigInt(found.id) - 1n);
    this.open = inProgress(found.snapshot);
    this.next = upperEnd(found.snapshot);
    return { lastId, waiting: found.waiting };
  }

  /** SQL that takes the next records. @param prepared on a session that `prepareDrains` made ready */
  takes({ records, bytes }: BatchLimits, prepared: boolean): string {
    const open = `'{${this.open.join(',')}}'`;
    if (prepared) return `EXECUTE cache_take (${this.after}, ${open}, '${this.next}', ${records}, ${bytes})`;
    return takeSql(this.after, `${open}::xid8[]`, `'${this.next}'::xid8`, String(records), String(bytes));
  }

  /** The batch is committed. */
  passed(batch: readonly TakenRecord[]): void {
    const last = batch.at(-1);
    if (!last) return;
    const open = inProgress(batch[0]!.snapshot!);
    const next = upperEnd(batch[0]!.snapshot!);
    if (BigInt(last.id) < BigInt(this.after)) {
      // Cut short among the late ones: more of the same transactions may follow.
      this.next = BigInt(this.next) < BigInt(next) ? this.next : next;
      // From `next` on every xid is looked for in any case. A record found twice would take two places of a batch.
      this.open = [...new Set([...this.open, ...open])].filter((xid) => BigInt(xid) < BigInt(this.next));
    } else {
      this.after = last.id;
      this.open = open;
      this.next = next;
    }
  }
}

/** The last id that was given out; null where the role may not read it. */
export const LAST_ID = `
  SELECT CASE WHEN has_sequence_privilege(name, 'USAGE') THEN pg_sequence_last_value(name::regclass) END AS id
  FROM pg_get_serial_sequence('${OUTBOX}', 'id') AS name`;
const FIRST_ID = `
  SELECT min(id) AS id, count(*)::int AS waiting, pg_current_snapshot() AS snapshot
  FROM (SELECT id FROM ${OUTBOX} ORDER BY id LIMIT ${COUNTED}) AS first`;

/** The xids of a snapshot `xmin:xmax:xip,…` that were in progress. */
function inProgress(snapshot: string): string[] {
  return snapshot.split(':')[2]!.split(',').filter(Boolean);
}

/** The first xid that a snapshot `xmin:xmax:xip,…` knows nothing of. */
function upperEnd(snapshot: string): string {
  return snapshot.split(':')[1]!;
}

/** How many records wait. */
export async function countOutbox(client: ClientBase): Promise<number> {
  const sql = `SELECT count(*)::int AS waiting FROM (SELECT FROM ${OUTBOX} LIMIT ${COUNTED}) AS counted`;
  return (await client.query<{ waiting: number }>(sql)).rows[0]?.waiting ?? 0;
}

/** The records of the transaction that is open on `client`. Whatever goes wrong, that transaction is as it was. */
export async function ownRecords(client: ClientBase): Promise<OutboxRecord[]> {
  const own = `SELECT ${COLUMNS} FROM ${OUTBOX} WHERE xid = pg_current_xact_id()`;
  try {
    // A failed statement would doom the writer's transaction, were it not for the savepoint; all in one round trip.
    const results = await several(client, `SAVEPOINT cache_own; ${own}; RELEASE SAVEPOINT cache_own`);
    return (results.at(-2)?.rows ?? []) as OutboxRecord[];
  } catch {
    await client.query('ROLLBACK TO SAVEPOINT cache_own').catch(() => undefined);
    return [];
  }
}

/** Without parameters pg sends many statements at once and gives one result each; its types know of one only. */
export async function several(client: ClientBase, sql: string): Promise<QueryResult[]> {
  return (await client.query(sql)) as unknown as QueryResult[];
}
