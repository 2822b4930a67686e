import type { Time } from '../async/time';
import type { Instant } from '../clock/tag-clock';

export type Tier = 'l1' | 'l2';

/** What is cached: opaque bytes. `null` is an answer too: the source said that it has none. */
export type Body = string | Buffer | null;

/** How an answer came about. `miss`: it was loaded. `stale`: past its TTL, being refreshed. `grace`: loading failed. */
export type Outcome = 'hit' | 'stale' | 'grace' | 'miss';

/** An entry and how it was found: all that Cache-Status (RFC 9211), Age and X-Cache are written from. */
export interface CacheResult {
  readonly entry: CacheEntry;
  readonly outcome: Outcome;
  readonly tier: Tier | 'source';
  /** Somebody else's load, shared. */
  readonly collapsed: boolean;
  /** It was kept (or was already). */
  readonly stored: boolean;
  /** Remaining TTL in whole seconds; negative past it. */
  readonly ttl: number;
}

/** What a load returns. */
export interface Loaded {
  readonly body: Body;
  /** Tags that only showed while loading; the policy's and gathered ones are added. */
  readonly tags?: Iterable<string>;
  /** Milliseconds; instead of the policy's. Zero: as `store: false`. */
  readonly ttl?: number;
  /** False: neither kept nor shared with others who wait for the same key. */
  readonly store?: boolean;
}

export type Loader = () => Promise<Loaded>;

/** Failed reads of an entry's source, so that a dead one is not asked at every request. */
export interface Failure {
  /** `Time.mono()` when it began to be asked. */
  readonly at: number;
  /** `Time.mono()` before which it is left alone. */
  readonly retryAt: number;
  readonly count: number;
  /** The instant before the failed read: a stamp after it shows that the source lives. */
  readonly since: Instant;
}

/** One cached value. The first part is what L2 carries; the second means something in this process only. */
export interface CacheEntry extends Instant {
  readonly key: string;
  readonly body: Body;
  /** What it depends on; includes its own `keyTag`. */
  readonly tags: readonly string[];
  readonly epoch: string;
  readonly tick: number;
  /** Wall clock in ms when its source began to be read: what `Age` counts from. */
  readonly createdAt: number;
  /** Wall clock in ms: end of its TTL, jitter included. */
  readonly expiresAt: number;
  /** Milliseconds past `expiresAt` during which it may be served while it is refreshed. */
  readonly swrMs: number;
  /** Milliseconds past `expiresAt` during which it is kept for the case that loading fails. */
  readonly graceMs: number;

  readonly localTick: number;
  /** `Time.mono()` at the end of its TTL: a wall clock that steps back does not make it younger. */
  readonly monoExpiresAt: number;
  /** `Time.mono()` up to which it is known to be right, whatever the clock says later (Law 6). */
  verifiedAt: number;
  /** `TagClock.version` at which it was last found fresh: while that stands, so does the verdict. */
  verifiedAtVersion: number;
  /** It was found stamped: told once, kept for grace. */
  isInvalidated: boolean;
  failure: Failure | undefined;
  /** Derived bytes kept beside the body, such as its gzip. */
  variants: Map<string, Buffer> | undefined;
}

/** Every entry carries a tag of its own, so that `delete(key)` is a stamp and reaches all nodes and running loads. */
export function keyTag(key: string): string {
  return KEY_TAG + key;
}

/** Tags for people and edges: without the one that is only the entry's own name. */
export function publicTags(tags: readonly string[]): string[] {
  return tags.filter((tag) => !tag.startsWith(KEY_TAG));
}

const KEY_TAG = '@key:';

/** Milliseconds since its TTL ended, by whichever clock says more; negative: still within. */
export function overdue(entry: CacheEntry, wall: number, mono: number): number {
  return Math.max(wall - entry.expiresAt, mono - entry.monoExpiresAt);
}

/** The `monoExpiresAt` of an entry that expires then. A millisecond later, as the two clocks round differently. */
export function monoExpiry(expiresAt: number, time: Time): number {
  return time.mono() + expiresAt - time.wall() + 1;
}

/** Whether an entry that is `late` ms past its TTL may be served if loading fails. A grace of 0 means never. */
export function isWithinGrace({ graceMs }: CacheEntry, late: number): boolean {
  return Math.max(late, 0) < graceMs;
}

/** Milliseconds past its TTL during which an entry is kept. */
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
 * A Buffer often is a view of something larger: of Node's 8 KiB pool, of a 16 KiB zlib chunk. Kept for long, it would
 * hold all of that, uncounted; so what is kept is a copy of its own size.
 */
export function compact(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
