import { toUSVString } from 'node:util';
import { isUtf8 } from 'node:buffer';
import type { Time } from '../../async/time';
import { type Body, type CacheEntry, compact, monoExpiry } from '../entry';
import type { Parcel } from './redis-yet';

/**
 * How a body is written: as it is, where it is text, kept as a string (`text`) or as bytes (`utf8`). Text it travels as well, since a reply
 * that is read as bytes costs a copy more. `base64`: bytes that are no text. `utf16`: text with a lone surrogate, which UTF-8
 * has no bytes for.
 */
const KINDS = ['none', 'text', 'utf8', 'base64', 'utf16'] as const;
type Kind = (typeof KINDS)[number];

/** What L2 keeps of an entry beside its body. */
type Head = readonly [
  version: 2,
  kind: Kind,
  /** Bytes of the written body: one that was cut short, or is somebody else's, is none. */
  length: number,
  tags: readonly string[],
  epoch: string,
  tick: number,
  createdAt: number,
  expiresAt: number,
  swrMs: number,
  graceMs: number,
];

/** An entry as L2 keeps it. */
export function encodeEntry(entry: CacheEntry): Parcel {
  const { tags, epoch, tick, createdAt, expiresAt, swrMs, graceMs } = entry;
  const [kind, body] = written(entry.body);
  const head: Head = [2, kind, Buffer.byteLength(body), tags, epoch, tick, createdAt, expiresAt, swrMs, graceMs];
  return { head, body };
}

/**
 * Undefined for whatever is not an entry of this version. An entry from the future comes from a node whose clock is
 * ahead: it counts as read now, or it would outlive its TTL by the difference.
 * @param verifiedAt `Time.mono()` before it was asked for
 */
export function decodeEntry(
  key: string,
  { head, body }: Parcel,
  verifiedAt: number,
  time: Time,
): CacheEntry | undefined {
  if (!isHead(head) || Buffer.byteLength(body) !== head[2]) return undefined;
  const [, kind, , tags, epoch, tick, createdAt, expiresAt, swrMs, graceMs] = head;
  const ahead = Math.max(0, createdAt - time.wall());
  return {
    key,
    body: read(body, kind),
    tags,
    epoch,
    tick,
    createdAt: createdAt - ahead,
    expiresAt: expiresAt - ahead,
    monoExpiresAt: monoExpiry(expiresAt - ahead, time),
    swrMs,
    graceMs,
    // Whatever this process could not tell the clock may be newer than an entry from elsewhere.
    localTick: 0,
    verifiedAt,
    verifiedAtVersion: -1,
    isInvalidated: false,
    failure: undefined,
    variants: undefined,
  };
}

function written(body: Body): [Kind, string] {
  if (body === null) return ['none', ''];
  if (typeof body === 'string') return toUSVString(body) === body ? ['text', body] : ['utf16', utf16(body)];
  return isUtf8(body) ? ['utf8', body.toString()] : ['base64', body.toString('base64')];
}

function read(text: string, kind: Kind): Body {
  switch (kind) {
    case 'none':
      return null;
    case 'text':
      // A slice would hold the head as well, for as long as it is kept.
      return Buffer.from(text).toString();
    case 'utf8':
      return compact(Buffer.from(text));
    case 'base64':
      return compact(Buffer.from(text, 'base64'));
    case 'utf16':
      return Buffer.from(text, 'base64').toString('utf16le');
    default:
      return kind satisfies never;
  }
}

function utf16(text: string): string {
  return Buffer.from(text, 'utf16le').toString('base64');
}

function isHead(head: unknown): head is Head {
  if (!Array.isArray(head) || head.length !== 10 || head[0] !== 2) return false;
  const [, kind, length, tags, epoch, ...numbers] = head as unknown[];
  return (
    KINDS.includes(kind as Kind) &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === 'string') &&
    typeof epoch === 'string' &&
    [length, ...numbers].every((number) => Number.isFinite(number))
  );
}
