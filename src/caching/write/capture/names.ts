import { createHash } from 'node:crypto';

/** Bytes of the longest name PostgreSQL keeps is 63; the readable part of a function's name leaves room for the rest. */
const READABLE = 38;

/** A table path as an entity spells it (`products`, `shop.Orders`), quoted for SQL. */
export function quotePath(table: string): string {
  return table.split('.').map(quote).join('.');
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL literal, whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/**
 * The name of a table's trigger function. The readable part is cut short and blurs punctuation, so two tables may share it;
 * the hash of the whole path keeps their functions apart.
 */
export function functionName(table: string): string {
  const readable = table
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, READABLE);
  return `cache_watch_${readable}_${createHash('sha256').update(table).digest('hex').slice(0, 8)}`;
}
