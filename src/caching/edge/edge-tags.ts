import { toUSVString } from 'node:util';

/**
 * Tags as edges know them: printable ASCII without characters that a header format or SQL interprets, at most 128 characters
 * (the limit of RFC 9875). The same functions build the tags of a response and of a purge, so that the two always match.
 */

/** Carried by every response: purging it purges the whole application. */
export const EVERYTHING = '*';
/** Replaces all tags of a response that has too many kinds of tags, or too long ones. Every purge names it. */
export const TOO_MANY = '*:*';

/** RFC 9875 §2.1: a cache must support this many characters in a group, and this many groups in a response. */
export const MAX_LENGTH = 128;
export const MAX_GROUPS = 128;
/** Bytes of one field. Varnish accepts 8 kB for a header, nginx 4 to 8 kB for all headers. */
export const MAX_FIELD = 4_096;

const UNSAFE = /[^\x21\x23-\x26\x28-\x2b\x2d-\x5b\x5d-\x7e]/gu;

/** One tag as edges know it. A tag over the limit is replaced by its kind. */
export function edgeTag(tag: string): string {
  const encoded = encode(tag);
  return encoded !== '' && encoded.length <= MAX_LENGTH ? encoded : kindTag(encoded);
}

/** What to purge for stamped tags: each tag, its kind, and the tag of responses with too many kinds. */
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
 * The tags that a response carries, within limits. Past a limit the largest kind is named as a whole (`product:*`), then the
 * next largest: a response may be purged too often, and never too rarely.
 * @param maxBytes of all tags, with `separator` bytes between two
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

/** Represents all tags with the same text before the first colon. */
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
