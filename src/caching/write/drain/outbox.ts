import type { ClientBase, QueryResult } from 'pg';
import type { RowImage } from '../capture/evicts-tags.decorator';
import { OUTBOX } from '../capture/outbox-table';

/** What one statement changed in one table; `changes` null: too many rows to name. */
export interface OutboxRecord {
  readonly table: string;
  readonly changes: readonly (readonly [before: RowImage | null, after: RowImage | null])[] | null;
}

/** The records stay where they are: what they say is not yet known to the clock. */
export class StuckError extends Error {
  constructor(
    /** Age of the oldest record in milliseconds. */
    readonly oldestMs: number,
    cause: unknown,
  ) {
    super('the outbox could not be drained', { cause });
  }
}

/** Records of one transaction of the drain: bounds its memory and how long it holds its locks. */
const BATCH = 200;
const COLUMNS = 'table_name AS "table", changes';

/**
 * No SKIP LOCKED: it waits for another drain's rows, so when it has returned, whatever was committed before it began is
 * stamped, by whomever. The CTE makes sure that LIMIT and the locks are worked out once.
 */
const RECORDS = `
  WITH batch AS MATERIALIZED (SELECT xid, id FROM ${OUTBOX} ORDER BY xid, id LIMIT ${BATCH} FOR UPDATE)
  DELETE FROM ${OUTBOX} o USING batch b WHERE o.xid = b.xid AND o.id = b.id
  RETURNING ${COLUMNS}, extract(epoch FROM clock_timestamp() - o.created_at) * 1000 AS age`;

const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED;';

/**
 * How a drain begins, in one round trip: on a connection that was prepared for drains, or on somebody else's, which has to be as it
 * was. That one has no deadlines: it is the only session of an embedded database, and would be lost with them.
 */
export const PREPARED = `${BEGIN} EXECUTE cache_take`;
export const BORROWED = `${BEGIN} SET LOCAL synchronous_commit = off; ${RECORDS}`;

/**
 * Makes a connection ready for drains, which is all that it may be used for. A drain that dies or freezes half-way loses its
 * session, and its locks, to the idle timeout. A delete that a database crash undoes is stamped a second time, which is harmless:
 * no need to wait for the disk. The plan is made once, so it has to be right however many records wait: by the primary key.
 * @param patience milliseconds for another drain's locks, and for the stamp
 */
export async function prepareDrains(client: ClientBase, patience: number): Promise<void> {
  await client.query(`
    SET lock_timeout = ${patience};
    SET statement_timeout = ${2 * patience};
    SET idle_in_transaction_session_timeout = ${patience};
    SET synchronous_commit = off;
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan;
    PREPARE cache_take AS ${RECORDS}`);
}

/**
 * Takes all records and hands them to `stamp`, batch by batch, each inside the transaction that deletes them: if it
 * rejects they stay. Law 4: they are committed, so their writers' transactions were. SQL that it gives goes with the commit.
 * @param stamped hears when the last batch is stamped; its commit is still to come
 * @param how PREPARED or BORROWED
 * @returns how many
 * @throws StuckError when records are there and could not be stamped; what the driver throws
 */
export async function drainOutbox(
  client: ClientBase,
  how: string,
  stamp: (records: readonly OutboxRecord[]) => Promise<string>,
  stamped: () => void = () => undefined,
): Promise<number> {
  let count = 0;
  for (let taken = BATCH; taken === BATCH;) {
    try {
      const records = await lastOf<OutboxRecord & { age: string }>(client, how);
      taken = records.length;
      const oldest = Math.max(...records.map(({ age }) => Number(age)));
      const recorded = taken > 0 ? await stampOr(() => stamp(records), oldest) : '';
      const committed = client.query(`${recorded}COMMIT`);
      if (taken < BATCH) stamped();
      await committed;
      count += taken;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    }
  }
  return count;
}

/** Records are not counted further than this: somebody is to be told that they pile up, not by how many millions. */
const COUNTED = 10_000;

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

async function stampOr(stamp: () => Promise<string>, oldestMs: number): Promise<string> {
  try {
    return await stamp();
  } catch (error) {
    throw new StuckError(oldestMs, error);
  }
}

async function lastOf<Row>(client: ClientBase, sql: string): Promise<Row[]> {
  return ((await several(client, sql)).at(-1)?.rows ?? []) as Row[];
}

/** Without parameters pg sends many statements at once and gives one result each; its types know of one only. */
async function several(client: ClientBase, sql: string): Promise<QueryResult[]> {
  return (await client.query(sql)) as unknown as QueryResult[];
}
