import { CacheError } from '../../caching.errors';
import { literal, quote, quotePath } from '../../core/sql';
import { functionName } from './names';
import { OUTBOX, type SqlRunner } from './outbox-table';
import { type TriggerFunction, triggerFunction } from './trigger-function';

export interface WatchOptions {
  /** As the entity names it: `products`, or `shop.products`. */
  table: string;
  /** Columns that identify a row: an update pairs old and new by them. Empty: it is recorded as rows gone and rows come. */
  key: readonly string[];
  /** A statement over more rows than this is one small record, and evicts all that depends on the table. @default 100 */
  collapseAbove?: number;
  /** So is one whose rows, before or after, take more bytes than this. @default 262144 */
  maxBytes?: number;
}

const TRANSITION = {
  insert: 'REFERENCING NEW TABLE AS new_rows',
  update: 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
  delete: 'REFERENCING OLD TABLE AS old_rows',
  truncate: '',
} as const;

/** One trigger for each kind of statement. */
export const TRIGGERS = Object.keys(TRANSITION).map((event) => `cache_watch_${event}`);

/**
 * Makes the triggers of one table, or makes them again. Partitions and inheritance children get them too, as writes to a child
 * fire no trigger of the parent; watch the table again after you add one.
 * @throws CacheError `CACHE_OPTIONS` when there is no outbox, a partition is a foreign table, or a parent is watched already, as it
 * would lose what is written to this table; what PostgreSQL says of a wrong name
 */
export async function watchTable(runner: SqlRunner, options: WatchOptions): Promise<void> {
  const { table, key, collapseAbove = 100, maxBytes = 262_144 } = options;
  const { schema, outbox } = await findOutbox(runner);
  await refuseChildOfWatched(runner, table);
  const tables = await family(runner, table);
  const name = functionName(table);
  const virtual = await virtualColumns(runner, table);
  await runner.query(triggerFunction({ name, schema, outbox, table, key, collapseAbove, maxBytes, virtual }));
  const watch = `${quote(schema)}.${name}()`;
  // A role that may attach the function to its own table could write records in the name of this one.
  await runner.query(`REVOKE ALL ON FUNCTION ${watch} FROM PUBLIC`);
  await runner.query(`COMMENT ON FUNCTION ${watch} IS ${literal(table)}`);
  for (const member of tables) {
    for (const [event, transition] of Object.entries(TRANSITION)) {
      await runner.query(`
        CREATE OR REPLACE TRIGGER cache_watch_${event} AFTER ${event} ON ${member}
        ${transition} FOR EACH STATEMENT EXECUTE FUNCTION ${watch}`);
    }
  }
  await dropUnusedFunctions(runner, schema);
}

export async function unwatchTable(runner: SqlRunner, table: string): Promise<void> {
  const { schema } = await findOutbox(runner);
  for (const member of await family(runner, table)) {
    for (const trigger of TRIGGERS) await runner.query(`DROP TRIGGER IF EXISTS ${trigger} ON ${member}`);
  }
  await dropUnusedFunctions(runner, schema);
}

async function findOutbox(runner: SqlRunner): Promise<{ schema: string; outbox: string }> {
  const [found] = await rows<{ schema: string; outbox: string }>(
    runner,
    `SELECT nspname AS schema, c.oid::text AS outbox FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE c.oid = to_regclass('${OUTBOX}')`,
  );
  if (found) return found;
  throw new CacheError('CACHE_OPTIONS', `watchTable needs ${OUTBOX} in the search path: call createOutbox() first`);
}

/** The table and all that hold rows of it, quoted for SQL. */
async function family(runner: SqlRunner, table: string): Promise<string[]> {
  const members = await rows<{ name: string; kind: string }>(
    runner,
    `WITH RECURSIVE family AS (
       SELECT ${literal(quotePath(table))}::regclass AS oid
       UNION SELECT inhrelid::regclass FROM pg_inherits JOIN family ON inhparent = family.oid
     ) SELECT c.oid::regclass::text AS name, relkind::text AS kind FROM family JOIN pg_class c USING (oid)`,
  );
  const foreign = members.find(({ kind }) => kind === 'f');
  if (!foreign) return members.map(({ name }) => name);
  throw new CacheError('CACHE_OPTIONS', `${table} cannot be watched: ${foreign.name} is a foreign table`);
}

async function refuseChildOfWatched(runner: SqlRunner, table: string): Promise<void> {
  const [parent] = await rows<{ name: string }>(
    runner,
    `WITH RECURSIVE above AS (
       SELECT inhparent AS oid FROM pg_inherits WHERE inhrelid = ${literal(quotePath(table))}::regclass
       UNION SELECT inhparent FROM above JOIN pg_inherits ON inhrelid = above.oid
     ) SELECT oid::regclass::text AS name FROM above
     WHERE EXISTS (SELECT FROM pg_trigger WHERE tgrelid = above.oid AND tgname IN (${TRIGGERS.map(literal).join(', ')})) LIMIT 1`,
  );
  if (!parent) return;
  throw new CacheError(
    'CACHE_OPTIONS',
    `${table} holds rows of ${parent.name}, which is watched: call watchTable() for that one, it watches this table too`,
  );
}

/** PostgreSQL 18 and later. Their expressions use nothing but what PostgreSQL brings. */
async function virtualColumns(runner: SqlRunner, table: string): Promise<TriggerFunction['virtual']> {
  return rows(
    runner,
    `SELECT attname AS column, pg_get_expr(adbin, adrelid) AS expression
     FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE attrelid = ${literal(quotePath(table))}::regclass AND attgenerated = 'v' AND NOT attisdropped ORDER BY attnum`,
  );
}

/** Functions of an earlier naming, and of tables that are watched no longer. */
async function dropUnusedFunctions(runner: SqlRunner, schema: string): Promise<void> {
  const unused = await rows<{ name: string }>(
    runner,
    `SELECT p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
     WHERE nspname = ${literal(schema)} AND starts_with(proname, 'cache_watch_') AND prorettype = 'trigger'::regtype
     AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid)`,
  );
  for (const { name } of unused) await runner.query(`DROP FUNCTION ${name}`);
}

async function rows<Row>(runner: SqlRunner, sql: string): Promise<Row[]> {
  return (await runner.query(sql)) as Row[];
}
