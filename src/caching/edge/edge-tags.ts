import { toUSVString } from 'node:util';

/**
 * Tags as edges know them: printable ASCII without what some header format or SQL gives a meaning to, at most 128 characters
 * (what RFC 9875 promises). The same functions make what an answer carries and what a purge names, so that the two meet.
 */

/** Carried by every answer: purging it purges everything of ours. */
export const EVERYTHING = '*';
/** Stands for all tags of an answer whose very kinds are too many, or too long, to name. Every purge names it. */
export const TOO_MANY = '*:*';

/** RFC 9875 §2.1: a cache must take that many characters of one group, and that many groups of one answer. */
const MAX_LENGTH = 128;
export const MAX_GROUPS = 128;
/** Bytes of one field. Varnish takes 8 kB for a header, nginx 4 to 8 kB for all of them. */
export const MAX_FIELD = 4_096;

const UNSAFE = /[^\x21\x23-\x26\x28-\x2b\x2d-\x5b\x5d-\x7e]/gu;

/** One tag as edges know it; a longer one than they have to take is known by its kind. */
export function edgeTag(tag: string): string {
  const encoded = encode(tag);
  return encoded !== '' && encoded.length <= MAX_LENGTH ? encoded : kindTag(encoded);
}

/** What has to be purged when these were stamped: each tag, what stands for its kind, and what stands for too many kinds. */
export function withKinds(tags: readonly string[]): string[] {
  if (tags.length === 0) return [];
  const known = new Set<string>();
  for (const tag of tags) {
    known.add(edgeTag(tag));
    known.add(kindTag(encode(tag)));
  }
  return [...known.add(TOO_MANY)];
}

/**
 * What an answer with these tags carries, within limits. Past them the kind that takes most room is named as a whole
 * (`product:*`), then the next: an answer may be purged too often, and never too seldom.
 * @param maxBytes of all tags and `separator` bytes between two
 */
export function boundedTags(
  tags: readonly string[],
  maxBytes = MAX_FIELD,
  separator = 1,
  maxTags = Infinity,
): string[] {
  const kinds = new Map<string, Set<string>>();
  for (const tag of tags) {
    const kind = kindTag(encode(tag));
    kinds.set(kind, (kinds.get(kind) ?? new Set()).add(edgeTag(tag)));
  }
  const size = (list: Iterable<string>): number => {
    let bytes = 0;
    for (const tag of list) bytes += tag.length + separator;
    return bytes;
  };
  let bytes = size([EVERYTHING]) + [...kinds.values()].reduce((sum, set) => sum + size(set), 0);
  let count = 1 + [...kinds.values()].reduce((sum, set) => sum + set.size, 0);
  const largestFirst = [...kinds].sort(([, a], [, b]) => size(b) - size(a));
  for (const [kind, set] of largestFirst) {
    if (bytes <= maxBytes && count <= maxTags) break;
    bytes += size([kind]) - size(set);
    count += 1 - set.size;
    kinds.set(kind, new Set([kind]));
  }
  if (bytes > maxBytes || count > maxTags) return [EVERYTHING, TOO_MANY];
  return [EVERYTHING, ...[...kinds.values()].flatMap((set) => [...set])];
}

/** Stands for all tags with the same text before the first colon. */
function kindTag(encoded: string): string {
  const kind = `${encoded.split(':', 1)[0]}:*`;
  return kind.length <= MAX_LENGTH ? kind : TOO_MANY;
}

function encode(tag: string): string {
  return toUSVString(tag).replace(UNSAFE, percent);
}

function percent(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
