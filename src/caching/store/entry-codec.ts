import { toUSVString } from 'node:util';
import type { Time } from '../time';
import { type Body, type CacheEntry, compact, endOf } from './entry';
import type { Parcel } from './redis-yet';

/** How a body is written. `utf16`: text with a lone surrogate, which UTF-8 has no bytes for. */
const KINDS = ['none', 'bytes', 'utf8', 'utf16'] as const;
type Kind = (typeof KINDS)[number];

/** What L2 keeps of an entry beside its body. */
type Head = readonly [
  version: 2,
  kind: Kind,
  /** Bytes of the body: one that was cut short, or is somebody else's, is none. */
  length: number,
  tags: readonly string[],
  epoch: string,
  tick: number,
  createdAt: number,
  expiresAt: number,
  staleFor: number,
  keepFor: number,
];

/** An entry as L2 keeps it. */
export function encodeEntry(entry: CacheEntry): Parcel {
  const { tags, epoch, tick, createdAt, expiresAt, staleFor, keepFor } = entry;
  const kind = kindOf(entry.body);
  const body = kind === 'utf16' ? Buffer.from(entry.body as string, 'utf16le') : (entry.body ?? '');
  const length = Buffer.byteLength(body);
  const head: Head = [2, kind, length, tags, epoch, tick, createdAt, expiresAt, staleFor, keepFor];
  return { head, body };
}

/**
 * Undefined for whatever is not an entry of this version. An entry from the future comes from a node whose clock is
 * ahead: it counts as read now, or it would outlive its TTL by the difference.
 * @param knownAt `Time.mono()` before it was asked for
 */
export function decodeEntry(key: string, parcel: Parcel, knownAt: number, time: Time): CacheEntry | undefined {
  const { head } = parcel;
  const bytes = Buffer.isBuffer(parcel.body) ? parcel.body : Buffer.from(parcel.body);
  if (!isHead(head) || bytes.length !== head[2]) return undefined;
  const [, kind, , tags, epoch, tick, createdAt, expiresAt, staleFor, keepFor] = head;
  const ahead = Math.max(0, createdAt - time.wall());
  return {
    key,
    body: bodyOf(bytes, kind),
    tags,
    epoch,
    tick,
    createdAt: createdAt - ahead,
    expiresAt: expiresAt - ahead,
    endsAt: endOf(expiresAt - ahead, time),
    staleFor,
    keepFor,
    // Whatever this process could not tell the clock may be newer than an entry from elsewhere.
    local: 0,
    knownAt,
    checked: -1,
    stamped: false,
    failure: undefined,
    variants: undefined,
  };
}

function kindOf(body: Body): Kind {
  if (body === null) return 'none';
  if (typeof body !== 'string') return 'bytes';
  return toUSVString(body) === body ? 'utf8' : 'utf16';
}

function bodyOf(bytes: Buffer, kind: Kind): Body {
  switch (kind) {
    case 'none':
      return null;
    case 'bytes':
      return compact(bytes);
    case 'utf8':
      return bytes.toString();
    case 'utf16':
      return bytes.toString('utf16le');
    default:
      return kind satisfies never;
  }
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
