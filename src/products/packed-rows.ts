import type { SelectedRow } from '../caching';

/** The record separator of RFC 7464: no JSON text holds it. */
const SEPARATOR = 30;

/** Many selected rows as one: the driver's work for a row and a column is more than for their bytes. */
export interface PackedRows {
  /** A JSON array. Null: there is no row. */
  readonly ids: string | null;
  readonly jsons: string | null;
}

/** SQL that selects one row of `PackedRows`. @param select rows of `RowsDefinition.selectList`, in order */
export function packedSql(select: string): string {
  const jsons = `string_agg(coalesce(json, ''), chr(${SEPARATOR})) AS jsons`;
  return `SELECT json_agg(id)::text AS ids, ${jsons} FROM (${select}) AS unpacked`;
}

export function unpacked({ ids, jsons }: PackedRows): SelectedRow[] {
  if (ids === null || jsons === null) return [];
  const texts = jsons.split(String.fromCharCode(SEPARATOR));
  return (JSON.parse(ids) as string[]).map((id, at) => ({ id, json: texts[at] || null }));
}
