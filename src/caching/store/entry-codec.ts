import type { Time } from '../time';
import { type CacheEntry, compact, endOf } from './entry';

/** An entry as L2 keeps it, in JSON. A Buffer travels as base64. */
export type StoredEntry = readonly [
  version: 1,
  body: string | null,
  base64: 0 | 1,
  tags: readonly string[],
  epoch: string,
  tick: number,
  createdAt: number,
  expiresAt: number,
  staleFor: number,
  keepFor: number,
];

export function encodeEntry(entry: CacheEntry): StoredEntry {
  const { body, tags, epoch, tick, createdAt, expiresAt, staleFor, keepFor } = entry;
  const binary = Buffer.isBuffer(body);
  const text = binary ? body.toString('base64') : body;
  return [1, text, binary ? 1 : 0, tags, epoch, tick, createdAt, expiresAt, staleFor, keepFor];
}

/**
 * Undefined for whatever is not an entry of this version. An entry from the future comes from a node whose clock is
 * ahead: it counts as read now, or it would outlive its TTL by the difference.
 * @param knownAt `Time.mono()` before it was asked for
 */
export function decodeEntry(key: string, stored: unknown, knownAt: number, time: Time): CacheEntry | undefined {
  if (!isStoredEntry(stored)) return undefined;
  const [, body, base64, tags, epoch, tick, createdAt, expiresAt, staleFor, keepFor] = stored;
  const ahead = Math.max(0, createdAt - time.wall());
  return {
    key,
    body: base64 && body !== null ? compact(Buffer.from(body, 'base64')) : body,
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

function isStoredEntry(stored: unknown): stored is StoredEntry {
  if (!Array.isArray(stored) || stored.length !== 10 || stored[0] !== 1) return false;
  const [, body, , tags, epoch, ...numbers] = stored as unknown[];
  return (
    (body === null || typeof body === 'string') &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === 'string') &&
    typeof epoch === 'string' &&
    numbers.every((number) => Number.isFinite(number))
  );
}
