/**
 * How one column becomes one JSON value: in SQL, for a row that is read, and from the text of an outbox image, for a row
 * that was written. Both give the same bytes, and those of `JSON.stringify`. NULL is `null` in both.
 */
export interface FieldKind {
  readonly name: string;
  /** An SQL expression whose value `row_to_json` prints. @param column quoted */
  readonly sql: (column: string) => string;
  /** JSON text. @param text of the column in an image: as `to_jsonb` prints it, without quotes */
  readonly json: (text: string) => string;
}

/** A column, and how it is shown. */
export interface Field {
  readonly column: string;
  readonly kind: FieldKind;
}

/** PostgreSQL's spelling of a numeric that is no number; JSON has none. */
const NUMBER = /^-?\d+(\.\d+)?$/;

const KINDS = {
  text: { name: 'text', sql: (column) => `${column}::text`, json: (text) => JSON.stringify(text) },
  integer: { name: 'integer', sql: (column) => column, json: (text) => text },
  boolean: { name: 'boolean', sql: (column) => column, json: (text) => text },
  decimal: {
    name: 'decimal',
    sql: (column) => `trim_scale(CASE WHEN ${column} - ${column} = 0 THEN ${column} END)`,
    json: (text) => (NUMBER.test(text) ? trimmed(text) : 'null'),
  },
  instant: {
    name: 'instant',
    sql: (column) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
    json: (text) => (text.endsWith('infinity') ? 'null' : `"${new Date(text).toISOString()}"`),
  },
} as const satisfies Record<string, FieldKind>;

/** Columns by how the API shows them. `column` defaults to the name of the field. */
export const field = {
  /** Text of any type; a bigint, so that no client loses digits. */
  text: (column: string): Field => ({ column, kind: KINDS.text }),
  /** `smallint` and `integer`: a JSON number. */
  integer: (column: string): Field => ({ column, kind: KINDS.integer }),
  boolean: (column: string): Field => ({ column, kind: KINDS.boolean }),
  /** `numeric` of at most 15 digits, which a double holds: a JSON number. NaN and infinity are `null`. */
  decimal: (column: string): Field => ({ column, kind: KINDS.decimal }),
  /** `timestamptz` of the years 1 to 9999: as `Date.toISOString()`, whole milliseconds. */
  instant: (column: string): Field => ({ column, kind: KINDS.instant }),
};

/** Without the zeros that `numeric(12, 2)` prints behind the point. */
function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
