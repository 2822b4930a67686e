/** Runs SQL and gives the rows: TypeORM's QueryRunner in a migration, or whatever another tool has. */
export interface SqlRunner {
  query(sql: string): Promise<unknown>;
}

export interface WatchOptions {
  /** As the entity names it: `products`, or `shop.products`. */
  table: string;
  /** Columns that tell rows apart: an update pairs old and new by them. */
  key: string[];
  /** A statement over more rows than this is one small record, and evicts all that depends on the table. @default 100 */
  collapseAbove?: number;
}

export const OUTBOX = 'cache_outbox';
/** LISTEN channel; channels belong to one database. */
export const CHANNEL = 'cache_outbox';
/** Session setting `on`: the writer drains after its commit itself, so nobody has to be woken for it. */
export const WRITER_DRAINS = 'cache_outbox.writer_drains';
const TRIGGERS = ['insert', 'update', 'delete', 'truncate'] as const;

/**
 * The outbox: one record a statement, written in the writer's own transaction, so exactly as durable as the write.
 * Ordered by transaction, because a writer asks for its own records; `changes` null means: too many rows to name.
 * Its rows live for milliseconds: vacuum must not wait for a fifth of the table to be dead.
 */
export async function createOutbox(runner: SqlRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE ${OUTBOX} (
      xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      id bigint GENERATED ALWAYS AS IDENTITY,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      table_name text NOT NULL,
      operation text NOT NULL,
      changes jsonb,
      PRIMARY KEY (xid, id)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)`);
}

export async function dropOutbox(runner: SqlRunner): Promise<void> {
  await runner.query(`DROP TABLE ${OUTBOX}`);
}

/** Makes the triggers of one table, or remakes them. The outbox has to be in the schema that is current now. */
export async function watchTable(runner: SqlRunner, { table, key, collapseAbove = 100 }: WatchOptions): Promise<void> {
  const [{ schema }] = (await runner.query('SELECT current_schema() AS schema')) as [{ schema: string }];
  const watch = functionName(schema, table);
  await runner.query(triggerFunction({ watch, outbox: `${quote(schema)}.${OUTBOX}`, table, key, collapseAbove }));
  for (const event of TRIGGERS) {
    await runner.query(`
      CREATE OR REPLACE TRIGGER cache_watch_${event} AFTER ${event} ON ${path(table)}
      ${TRANSITION[event]} FOR EACH STATEMENT EXECUTE FUNCTION ${watch}()`);
  }
}

export async function unwatchTable(runner: SqlRunner, table: string): Promise<void> {
  const [{ schema }] = (await runner.query('SELECT current_schema() AS schema')) as [{ schema: string }];
  for (const event of TRIGGERS) await runner.query(`DROP TRIGGER cache_watch_${event} ON ${path(table)}`);
  await runner.query(`DROP FUNCTION ${functionName(schema, table)}()`);
}

const TRANSITION = {
  insert: 'REFERENCING NEW TABLE AS new_rows',
  update: 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
  delete: 'REFERENCING OLD TABLE AS old_rows',
  truncate: '',
};

/**
 * SECURITY DEFINER: whoever may write the table need not know of the outbox. The search path is fixed and every name
 * qualified, so that a writer cannot slip another `cache_outbox` in. Statements are planned when they first run, so
 * each branch may name transition tables that only its own trigger has.
 * `*<>` compares rows bit by bit: it works for types without equality (json), and a change it sees in vain costs one eviction.
 */
function triggerFunction(names: {
  watch: string;
  outbox: string;
  table: string;
  key: string[];
  collapseAbove: number;
}): string {
  const { watch, outbox, table, key, collapseAbove } = names;
  const samePlace = key.map((column) => `o.${quote(column)} = n.${quote(column)}`).join(' AND ');
  const few = (rows: string): string =>
    `(SELECT count(*) FROM (SELECT FROM ${rows} LIMIT ${collapseAbove + 1}) AS few)`;
  return `
    CREATE OR REPLACE FUNCTION ${watch}() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $watch$
    DECLARE
      touched bigint := ${collapseAbove + 1};
      seen jsonb;
    BEGIN
      IF TG_OP = 'INSERT' THEN touched := ${few('new_rows')};
      ELSIF TG_OP = 'UPDATE' THEN touched := ${few('new_rows')};
      ELSIF TG_OP = 'DELETE' THEN touched := ${few('old_rows')};
      END IF;
      IF touched = 0 THEN RETURN NULL; END IF;
      IF touched <= ${collapseAbove} THEN
        IF TG_OP = 'INSERT' THEN
          seen := (SELECT jsonb_agg(jsonb_build_array(NULL, ${image('n')})) FROM new_rows n);
        ELSIF TG_OP = 'DELETE' THEN
          seen := (SELECT jsonb_agg(jsonb_build_array(${image('o')}, NULL)) FROM old_rows o);
        ELSE
          seen := (SELECT jsonb_agg(jsonb_build_array(${image('o')}, ${image('n')}))
                   FROM old_rows o FULL JOIN new_rows n ON ${samePlace} WHERE coalesce(o.* *<> n.*, true));
          IF seen IS NULL THEN RETURN NULL; END IF;
        END IF;
      END IF;
      INSERT INTO ${outbox} (table_name, operation, changes) VALUES (${literal(table)}, TG_OP, seen);
      IF current_setting('${WRITER_DRAINS}', true) IS DISTINCT FROM 'on' THEN
        PERFORM pg_notify('${CHANNEL}', '');
      END IF;
      RETURN NULL;
    END $watch$`;
}

/**
 * A row with every column as text, so that no bigint loses digits on its way through JSON. `.*`, because the bare name
 * would mean a column of that name where there is one.
 */
function image(row: string): string {
  return `(SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(${row}.*)))`;
}

function functionName(schema: string, table: string): string {
  return `${quote(schema)}.${quote(`cache_watch_${table.replaceAll('.', '_')}`)}`;
}

function path(table: string): string {
  return table.split('.').map(quote).join('.');
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
