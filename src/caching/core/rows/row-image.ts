/** A row as the trigger saw it: database column → text as PostgreSQL prints it in JSON; NULL is null. */
export type RowImage = Readonly<Record<string, string | null>>;

/** Everything that depends on a table carries this one as well: it is stamped when rows are too many to name. */
export function tableTag(table: string): string {
  return `table:${table}`;
}
