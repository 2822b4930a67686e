const READS_CATALOGUE = /\b(from|join)\s+"?product(s|_totals)\b/i;
const CHANGES = /\b(insert|update|delete)\b/i;

/** Those of `statements` that read products or their totals, written by TypeORM or by us. */
export function catalogueSelects(statements: readonly string[]): string[] {
  return statements.filter((text) => READS_CATALOGUE.test(text) && !CHANGES.test(text));
}
