/** A table path as an entity spells it (`products`, `shop.Orders`), quoted for SQL. */
export function quotePath(table: string): string {
  return table.split('.').map(quote).join('.');
}

/** A name, quoted for SQL. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL literal, whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}
