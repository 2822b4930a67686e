import { MAX_FIELD, MAX_GROUPS, MAX_LENGTH } from '../edge/edge-tags';

/** RFC 8941 §3.3.3: strings are printable ASCII. */
const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * Tags as an RFC 9875 field: a structured list of strings. Undefined: there are none. Too many, too long, or not
 * ASCII: `coarser` represents all of them, because a cache that missed one group would go on serving it.
 */
export function cacheGroups(groups: readonly string[], coarser: readonly string[]): string | undefined {
  if (groups.length === 0) return undefined;
  const exact = field(groups);
  const fits = groups.length <= MAX_GROUPS && exact.length <= MAX_FIELD && groups.every(isGroup);
  return fits ? exact : field(coarser);
}

function isGroup(tag: string): boolean {
  return tag.length <= MAX_LENGTH && PRINTABLE.test(tag);
}

function field(groups: readonly string[]): string {
  return groups.map((group) => `"${group.replace(/[\\"]/g, '\\$&')}"`).join(', ');
}
