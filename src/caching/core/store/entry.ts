import type { Time } from '../async/time';
import type { Instant } from '../clock/tag-clock';

export type Tier = 'l1' | 'l2';

/** A cached body: opaque bytes, or `null` when the source has no value. */
export type Body = string | Buffer | null;

/** How a result was obtained. `miss`: loaded. `stale`: past its TTL, being refreshed. `grace`: old, because loading failed. */
export type Outcome = 'hit' | 'stale' | 'grace' | 'miss';

/** An entry and how it was found. Cache-Status (RFC 9211), Age and X-Cache are written from it. */
export interface CacheResult {
  readonly entry: CacheEntry;
  readonly outcome: Outcome;
  readonly tier: Tier | 'source';
  /** The result of another caller's load, shared. */
  readonly collapsed: boolean;
  /** The entry is in the cache. */
  readonly stored: boolean;
  /** Remaining TTL in whole seconds; negative past it. */
  readonly ttl: number;
}

/** What a load returns. */
export interface Loaded {
  readonly body: Body;
  /** Tags that are known only after loading. The policy's tags and recorded dependencies are added. */
  readonly tags?: Iterable<string>;
  /** TTL in milliseconds, instead of the policy's. Zero or less: as `store: false`. */
  readonly ttl?: number;
  /** As in the policy, for this result. */
  readonly inProcess?: boolean;
  /** False: the result is neither cached nor shared with other callers of the same key. */
  readonly store?: boolean;
}

export type Loader = () => Promise<Loaded>;

/** Loads many values in one go. A key that the returned map lacks has no value, as with `body: null`. */
export type LoadMany = (keys: readonly string[]) => Promise<ReadonlyMap<string, Loaded>>;

/** Consecutive failed loads of an entry, so that a failing source is not queried at every request. */
export interface Failure {
  /** `Time.mono()` when the last load began. */
  readonly at: number;
  /** `Time.mono()` before which the source is not queried again. */
  readonly retryAt: number;
  readonly count: number;
  /** The clock's instant before the failed load. A later stamp proves that the source is up. */
  readonly since: Instant;
}

/** One cached value. The first group of fields is stored in L2; the second is valid in this process only. */
export interface CacheEntry extends Instant {
  readonly key: string;
  readonly body: Body;
  /** What the value depends on, its own `keyTag` included. */
  readonly tags: readonly string[];
  readonly epoch: string;
  readonly tick: number;
  /** Wall clock in ms when its load began; `Age` counts from it. */
  readonly createdAt: number;
  /** Wall clock in ms: end of its TTL, jitter included. */
  readonly expiresAt: number;
  /** Milliseconds past `expiresAt` during which the entry may be served while it is refreshed. */
  readonly swrMs: number;
  /** Milliseconds past `expiresAt` during which the entry may be served if loading fails. */
  readonly graceMs: number;

  readonly localTick: number;
  /** `Time.mono()` at the end of its TTL. A wall clock that steps backwards does not extend the TTL. */
  readonly monoExpiresAt: number;
  /** `Time.mono()` up to which the entry is proved fresh (Law 6). */
  verifiedAt: number;
  /** `TagClock.version` at which the entry was last found fresh. It stays fresh while the version is unchanged. */
  verifiedAtVersion: number;
  /** The entry was found stamped, and that was reported. It may stay for grace. */
  isInvalidated: boolean;
  failure: Failure | undefined;
  /** Derived bytes stored beside the body, such as its gzip. */
  variants: Map<string, Buffer> | undefined;
}

/**
 * The tag of a single entry: `delete(key)` stamps it, which reaches all nodes and running loads. The key of a row ends in the
 * row's own tag, which does the same: a page of fifty rows need not carry a hundred tags.
 */
export function keyTag(key: string): string {
  return key.startsWith(ROW_KEY) ? key.slice(key.indexOf(':', ROW_KEY.length) + 1) : KEY_TAG + key;
}

/** Tags shown to operators and edges: without `keyTag`, and without those that only nodes exchange. */
export function publicTags(tags: readonly string[]): string[] {
  return tags.filter((tag) => !INTERNAL.test(tag));
}

const KEY_TAG = '@key:';
const INTERNAL = /^@(key|drain|rules):/;
/** `entity:<name and release>:<tag>`, see RowsDefinition. */
const ROW_KEY = 'entity:';

/** Milliseconds since the TTL ended, by the clock that is further ahead; negative within the TTL. */
export function overdue(entry: CacheEntry, wall: number, mono: number): number {
  return Math.max(wall - entry.expiresAt, mono - entry.monoExpiresAt);
}

/** `monoExpiresAt` for an `expiresAt`. One millisecond is added because the two clocks round differently. */
export function monoExpiry(expiresAt: number, time: Time): number {
  return time.mono() + expiresAt - time.wall() + 1;
}

/** Whether an entry that is `late` ms past its TTL may be served if loading fails. A grace of 0 means never. */
export function isWithinGrace({ graceMs }: CacheEntry, late: number): boolean {
  return Math.max(late, 0) < graceMs;
}

/** Milliseconds past its TTL during which an entry stays stored. */
export function maxStaleMs(entry: CacheEntry): number {
  return Math.max(entry.swrMs, entry.graceMs);
}

/** The result of finding `entry` in a tier. @param wall `Time.wall()` */
export function foundIn(
  tier: Tier,
  entry: CacheEntry,
  wall: number,
  outcome: Exclude<Outcome, 'miss'> = 'hit',
): CacheResult {
  return { entry, outcome, tier, collapsed: false, stored: true, ttl: remainingTtl(entry, wall) };
}

/** Remaining TTL in whole seconds, negative past it: the `ttl` of RFC 9211. */
export function remainingTtl(entry: CacheEntry, wall: number): number {
  return Math.ceil((entry.expiresAt - wall) / 1_000);
}

/**
 * Copies a Buffer that is a view of a larger one, such as Node's 8 KiB pool or a 16 KiB zlib chunk. A cached view would
 * retain all of that memory, uncounted.
 */
export function compact(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
