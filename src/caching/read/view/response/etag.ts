import { createHash } from 'node:crypto';

/** A strong validator (RFC 9110 §8.8.3): the same for the same bytes, on every node. */
export function strongEtag(bytes: string | Buffer): string {
  return `"${createHash('sha1').update(bytes).digest('base64url')}"`;
}

/** The validator of what is sent for `value` as JSON. */
export function etagOf(value: unknown): string {
  return strongEtag(JSON.stringify(value));
}

/** Each encoding of a body is a representation of its own and needs its own strong validator (RFC 9110 §8.8.3.3). */
export function encodedEtag(etag: string, encoding: string): string {
  return encoding === 'identity' ? etag : `${etag.slice(0, -1)}-${encoding}"`;
}

/** `If-None-Match` (RFC 9110 §13.1.2): weak comparison, lists, `*`. True means 304. */
export function matchesIfNoneMatch(header: string, etag: string): boolean {
  if (header === etag) return true;
  return header.split(',').some((item) => {
    const tag = item.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}

/**
 * `If-Match` (RFC 9110 §13.1.1): strong comparison, lists, `*`. `etag` is the state's own; a client that was sent the
 * state compressed names that representation, and means the same state.
 */
export function matchesIfMatch(header: string, etag: string): boolean {
  return header.split(',').some((item) => {
    const tag = item.trim();
    return tag === '*' || tag === etag || tag.replace(/-(br|gzip)"$/, '"') === etag;
  });
}
