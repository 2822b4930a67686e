import { createHash } from 'node:crypto';

/** Bytes of the longest name PostgreSQL keeps is 63; the readable part of a function's name leaves room for the rest. */
const READABLE = 38;

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
