import { toUSVString } from 'node:util';
import type { Time } from '../../async/time';
import { type Body, type CacheEntry, compact, monoExpiry } from '../entry';
import type { StoredRecord } from './redis-yet';
import type { Seal } from './seal';

/** How a body is written. `text` and `bytes`: unchanged. `utf16`: text with a lone surrogate, which UTF-8 cannot encode. */
const KINDS = ['none', 'text', 'bytes', 'utf16'] as const;
type Kind = (typeof KINDS)[number];

const VERSION = 3;
/** Milliseconds: the last instant that a Date can have. */
const LAST_INSTANT = 8.64e15;
/** Characters from which a text is encoded once, for its seal and for Redis: each would encode it again. */
const LARGE = 1 << 18;

/** The fields of an entry that L2 stores beside its body. */
type Facts = readonly [
  kind: Kind,
  tags: readonly string[],
  epoch: string,
  tick: number,
  createdAt: number,
  expiresAt: number,
  swrMs: number,
  graceMs: number,
];

/** An entry as L2 stores it: the head `[version, seal, …facts]`, and the body. */
export function encodeEntry(entry: CacheEntry, seal: Seal): StoredRecord {
  const { tags, epoch, tick, createdAt, expiresAt, swrMs, graceMs } = entry;
  const [kind, body] = written(entry.body);
  const facts: Facts = [kind, tags, epoch, tick, createdAt, expiresAt, swrMs, graceMs];
  return { head: [VERSION, seal(sealed(entry.key, facts), body), ...facts], body };
}

/**
 * Decodes an entry. Undefined: another format version, or the seal does not match this key and content. An entry created in
 * the future comes from a node whose clock is ahead: it counts as read now, or it would outlive its TTL by the difference.
 * @param verifiedAt `Time.mono()` before L2 was queried
 */
export function decodeEntry(
  key: string,
  { head, body }: StoredRecord<Buffer>,
  seal: Seal,
  verifiedAt: number,
  time: Time,
): CacheEntry | undefined {
  const facts = Array.isArray(head) && head[0] === VERSION ? head.slice(2) : undefined;
  if (!isFacts(facts) || (head as unknown[])[1] !== seal(sealed(key, facts), body)) return undefined;
  const [kind, tags, epoch, tick, createdAt, expiresAt, swrMs, graceMs] = facts;
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
    // Stamps of this process that the clock has not acknowledged may be newer than an entry from another node.
    localTick: 0,
    verifiedAt,
    verifiedAtVersion: -1,
    isInvalidated: false,
    failure: undefined,
    variants: undefined,
  };
}

/** The sealed text: JSON, so that no two combinations of key and fields have the same text. */
function sealed(key: string, facts: Facts): string {
  return JSON.stringify([key, ...facts]);
}

function written(body: Body): [Kind, string | Buffer] {
  if (body === null) return ['none', ''];
  if (typeof body !== 'string') return ['bytes', body];
  if (toUSVString(body) !== body) return ['utf16', Buffer.from(body, 'utf16le')];
  return ['text', body.length > LARGE ? Buffer.from(body) : body];
}

function read(bytes: Buffer, kind: Kind): Body {
  switch (kind) {
    case 'none':
      return null;
    case 'text':
      return bytes.toString();
    case 'bytes':
      return compact(bytes);
    case 'utf16':
      return bytes.toString('utf16le');
    default:
      return kind satisfies never;
  }
}

function isFacts(facts: unknown[] | undefined): facts is [...Facts] {
  if (facts?.length !== 8) return false;
  const [kind, tags, epoch, tick, ...times] = facts;
  return (
    KINDS.includes(kind as Kind) &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === 'string') &&
    typeof epoch === 'string' &&
    Number.isSafeInteger(tick) &&
    times.every((time) => typeof time === 'number' && Math.abs(time) <= LAST_INSTANT)
  );
}
