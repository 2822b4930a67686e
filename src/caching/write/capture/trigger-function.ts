import { literal, quote } from '../../core/sql';
import { CHANNEL, OUTBOX, WRITER_DRAINS } from './outbox-table';

/** What the trigger function of one table is made from. */
export interface TriggerFunction {
  /** Its own name, quoted, without the schema. */
  readonly name: string;
  /** Where it and the outbox live. */
  readonly schema: string;
  /** The outbox's oid at the moment. */
  readonly outbox: string;
  /** What its records call the table. */
  readonly table: string;
  readonly key: readonly string[];
  readonly collapseAbove: number;
  /** Bytes of rows that one record may image. */
  readonly maxBytes: number;
  /** Virtual generated columns with their expressions: transition tables do not hold their values. */
  readonly virtual: readonly { readonly column: string; readonly expression: string }[];
}

/**
 * Whatever prints values differently from session to session is set here, so that an image never depends on the writer.
 * `lc_monetary` is for `money`.
 */
const SETTINGS = `
  SET search_path = pg_catalog, pg_temp
  SET TimeZone = 'UTC' SET DateStyle = 'ISO, MDY' SET IntervalStyle = 'postgres' SET bytea_output = 'hex'
  SET extra_float_digits = 1 SET lc_monetary = 'C'`;

/**
 * The function behind the triggers of one table.
 *
 * SECURITY DEFINER: a role that may write the table needs no right on the outbox. The search path is fixed and every name
 * qualified, so a writer cannot slip in an operator or another `cache_outbox`. Statements are planned when they first run, so
 * each branch may name transition tables that only its own trigger has.
 *
 * Images are made inside a block of their own: a row that cannot be imaged (a `json` value that `jsonb` refuses, a renamed key
 * column) leaves a coarse record and never fails the write. `*<>` compares rows bit by bit, so it works for types without
 * equality (json); keys are paired by their text for the same reason.
 *
 * The record goes to the outbox in the function's own schema. The name in the plain INSERT is checked against the outbox's oid,
 * because a renamed schema may leave another outbox under the old name; where they differ, the catalog says which one it is.
 */
export function triggerFunction(options: TriggerFunction): string {
  const { name, schema, outbox, table } = options;
  const target = `${quote(schema)}.${OUTBOX}`;
  const insert = (into: string, values: string): string =>
    `INSERT INTO ${into} (table_name, operation, changes) VALUES (${values})`;
  const body = `
    #variable_conflict use_column
    DECLARE
      cache_images jsonb;
    BEGIN
      BEGIN
        ${images(options)}
      EXCEPTION WHEN OTHERS THEN
        cache_images := NULL;
      END;
      IF to_regclass(${literal(target)}) = ${outbox}::oid THEN
        ${insert(target, `${literal(table)}, TG_OP, cache_images`)};
      ELSE
        EXECUTE format(${literal(insert('%s', '$1, $2, $3'))}, (
          SELECT c.oid::regclass FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
          JOIN pg_class c ON c.relnamespace = p.pronamespace AND c.relname = ${literal(OUTBOX)}
          WHERE t.tgrelid = TG_RELID AND t.tgname = TG_NAME
        )) USING ${literal(table)}, TG_OP, cache_images;
      END IF;
      ${NOTIFY}
      RETURN NULL;
    END`;
  return `
    CREATE OR REPLACE FUNCTION ${quote(schema)}.${name}() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER ${SETTINGS} AS ${literal(body)}`;
}

/**
 * Wakes the nodes for a writer that does not drain its own records. A full queue would fail the writer's commit, and a
 * transaction that notified cannot be prepared for two-phase commit; in both cases the next poll finds the record.
 */
const NOTIFY = `
      IF current_setting('${WRITER_DRAINS}', true) IS DISTINCT FROM 'on'
        AND current_setting('max_prepared_transactions') = '0' AND pg_notification_queue_usage() < 0.5 THEN
        PERFORM pg_notify('${CHANNEL}', '');
      END IF;`;

/** Sets `cache_images`, or leaves it null where the rows are too many or too large. Returns at once when no row changed. */
function images(options: TriggerFunction): string {
  const { key, maxBytes } = options;
  const samePlace = key.map((column) => `o.${quote(column)}::text = n.${quote(column)}::text`).join(' AND ') || 'false';
  const few = (rows: string): string => `NOT EXISTS (SELECT FROM ${rows} OFFSET ${options.collapseAbove})`;
  const image = (row: string): string => rowImage(row, options);
  // A null element represents a row that is too large to image.
  const pairs = (before: string, after: string, ...rows: string[]): string => {
    const bytes = rows.map((row) => `coalesce(pg_column_size(${row}.*), 0)`).join(' + ');
    return `SELECT jsonb_agg(CASE WHEN ${bytes} <= ${maxBytes} THEN jsonb_build_array(${before}, ${after}) END)`;
  };
  // Nested, so that no branch is parsed by a trigger without its transition tables.
  const branch = (rows: string, select: string): string => `
          IF ${few(rows)} THEN
            cache_images := (${select});
            IF cache_images IS NULL THEN RETURN NULL; END IF;
          END IF;`;
  const paired = `FROM old_rows o FULL JOIN new_rows n ON ${samePlace} WHERE coalesce(o.* *<> n.*, true)`;
  return `
        IF TG_OP = 'UPDATE' THEN
          ${branch('new_rows', `${pairs(image('o'), image('n'), 'o', 'n')} ${paired}`)}
        ELSIF TG_OP = 'INSERT' THEN
          ${branch('new_rows', `${pairs('NULL', image('n'), 'n')} FROM new_rows n`)}
        ELSIF TG_OP = 'DELETE' THEN
          ${branch('old_rows', `${pairs(image('o'), 'NULL', 'o')} FROM old_rows o`)}
        END IF;
        IF pg_column_size(cache_images) > ${maxBytes} OR cache_images @> '[null]' THEN cache_images := NULL; END IF;`;
}

/**
 * A row with every column as text, so that no bigint loses digits on its way through JSON. `.*`, because the bare name
 * would mean a column of that name where there is one.
 */
function rowImage(row: string, { virtual }: TriggerFunction): string {
  const computed = virtual.map(({ column, expression }) => `${literal(column)}, ${expression}`);
  const added =
    virtual.length > 0
      ? ` || (SELECT jsonb_build_object(${computed.join(', ')}) FROM (SELECT ${row}.*) AS stored)`
      : '';
  return `(SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(${row}.*)${added}))`;
}
