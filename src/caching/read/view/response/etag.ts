import { createHash } from 'node:crypto';

/** A strong validator (RFC 9110 §8.8.3): equal bytes have equal ETags on every node. */
export function strongEtag(bytes: string | Buffer): string {
  return `"${createHash('sha1').update(bytes).digest('base64url')}"`;
}

/** What `strongEtag` makes. */
const OURS = /^"[\w-]{27}"$/;

/** Whether the cache made this validator, and not the handler. */
export function isOwnEtag(etag: string): boolean {
  return OURS.test(etag);
}

/** Our validator for bytes that the application may still encode: the content stays the same, the bytes do not. A handler's own is left. */
export function weakened(etag: string): string {
  return isOwnEtag(etag) ? `W/${etag}` : etag;
}

/** The validator of the JSON representation of `value`. */
export function etagOf(value: unknown): string {
  return strongEtag(JSON.stringify(value));
}

/** Each encoding of a body is its own representation and needs its own strong validator (RFC 9110 §8.8.3.3). */
export function encodedEtag(etag: string, encoding: string): string {
  return encoding === 'identity' ? etag : `${etag.slice(0, -1)}-${encoding}"`;
}

/** `If-None-Match` (RFC 9110 §13.1.2): weak comparison against a list or `*`. True means 304 for a GET, 412 for a write. */
export function matchesIfNoneMatch(header: string, etag: string): boolean {
  if (header === etag) return true;
  const tags = parseEtagList(header);
  return tags === '*' || tags.some((tag) => opaque(tag) === opaque(etag));
}

/**
 * `If-Match` (RFC 9110 §13.1.1): strong comparison against a list or `*`. `etag` validates the uncompressed state; a client
 * that received a compressed representation may send that representation's ETag and means the same state.
 */
export function matchesIfMatch(header: string, etag: string): boolean {
  const tags = parseEtagList(header);
  return tags === '*' || tags.some((tag) => tag === etag || tag.replace(/-(br|gzip)"$/, '"') === etag);
}

/** What a request says about the state it expects, as its headers have it. */
export interface Preconditions {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
}

/** Whether a request may go through (RFC 9110 §13.2.2). @param etag of the current state; undefined: there is none */
export function preconditionsHold({ ifMatch, ifNoneMatch }: Preconditions, etag: string | undefined): boolean {
  if (ifMatch !== undefined && (etag === undefined || !matchesIfMatch(ifMatch, etag))) return false;
  return ifNoneMatch === undefined || etag === undefined || !matchesIfNoneMatch(ifNoneMatch, etag);
}

/** One `entity-tag` of RFC 9110 §8.8.3, with the commas and blanks around it. A comma inside the quotes belongs to the tag. */
const ENTITY_TAG = /[\t ,]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?=,|$)/y;

/** The tags of a list; empty where the header does not follow the grammar, so that it matches nothing. */
function parseEtagList(header: string): '*' | readonly string[] {
  if (header.trim() === '*') return '*';
  const tags: string[] = [];
  ENTITY_TAG.lastIndex = 0;
  for (let end = 0; end < header.length; end = ENTITY_TAG.lastIndex) {
    const tag = ENTITY_TAG.exec(header)?.[1];
    if (tag === undefined) return /^[\t ,]*$/.test(header.slice(end)) ? tags : [];
    tags.push(tag);
  }
  return tags;
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}
