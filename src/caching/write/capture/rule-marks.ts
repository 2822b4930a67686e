import { createHash } from 'node:crypto';
import type { RowsDefinition } from '../../core/rows/rows-definition';
import type { RowImage, TagRule } from './evicts-tags.decorator';

/** In the place of a hash: whatever any record could say is stamped, by the rules of one program. */
const ANY = '*';
const PREFIX = '@rules:';
const MARK = /^@rules:([^:]+):(.*)$/s;

/** The tag of a stamp that may say nothing by other rules than its own. */
export const EVERY_TABLE = `${PREFIX}${ANY}:`;

/**
 * Any node drains any record, also one of another program on this database, or of another release: by its own rules, which may
 * not name the tags of that program's entries. So each drain also stamps which rules it went by, for each table. A node with
 * other rules for that table takes this as a stamp of the whole table.
 */
export function ruleMark(hash: string, table: string): string {
  return `${PREFIX}${hash}:${table}`;
}

/** What a stamped tag says of the rules of a drain; undefined: nothing. `table` undefined: of any table. */
export function readMark(tag: string): { readonly hash: string; readonly table?: string } | undefined {
  // Every tag that is learned comes here.
  if (!tag.startsWith(PREFIX)) return undefined;
  const [, hash, table] = MARK.exec(tag) ?? [];
  if (hash === undefined) return undefined;
  return hash === ANY ? { hash } : { hash, table };
}

/**
 * Rules with one hash return the same tags. They are compared by their source, and by what they return for rows that name their
 * columns: a helper in another file that has changed shows in the tags.
 */
export function hashOfRules(rules: Iterable<TagRule>, rows: Iterable<RowsDefinition>): string {
  const facts = [...[...rules].map(factOf), ...[...rows].map(({ rowKey }) => rowKey)].sort();
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64url').slice(0, 8);
}

function factOf(rule: TagRule): string {
  const [before, after] = [sampleRow('before'), sampleRow('after')];
  return JSON.stringify([
    String(rule),
    ...[{ before, after }, { before }, { after }].map((change) => sampled(rule, change)),
  ]);
}

function sampled(rule: TagRule, change: Parameters<TagRule>[0]): unknown {
  try {
    return rule(change);
  } catch {
    return 'throws';
  }
}

/** Every column holds its own name. */
function sampleRow(side: string): RowImage {
  return new Proxy({}, { get: (_row, column) => (typeof column === 'string' ? `${side}.${column}` : undefined) });
}
