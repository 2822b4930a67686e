import type { TagClock } from '../clock/tag-clock';
import type { Time } from '../async/time';
import { type CacheEntry, isWithinGrace, overdue } from './entry';
import { EAGER, type RefreshBefore } from './policy';

/** The share of a TTL in which an entry is refreshed eagerly. */
const LAST_PART = 0.1;

export interface FreshnessOptions {
  /** `bounded`: an L1 hit is at most `maxLag` behind. `strict`: every hit queries the clock first. */
  readonly consistency: 'bounded' | 'strict';
  /** Milliseconds for which an L1 entry is served without a reply from the clock. */
  readonly maxLag: number;
}

/** What this node knew when a reader arrived. The reader's result must be no older than that. */
export interface ReadSnapshot {
  /** Increases with every arrival in this process; two arrivals may have the same `at`. */
  readonly order: number;
  /** `TagClock.version` on arrival. */
  readonly version: number;
  /** `Time.mono()` on arrival. */
  readonly at: number;
  /** The mirror is proved complete: synchronised within maxLag or, in strict mode, since the reader arrived. */
  readonly confirmed: boolean;
  /** `Time.mono()` up to which a confirmed mirror is complete. */
  readonly lastSyncAt: number;
}

/**
 * What a reader may do with an entry.
 * - `fresh`: serve it.
 * - `refresh`: serve it while one refresh runs: its TTL is nearly over (eager refresh) or just over (SWR).
 * - `revalidate`: no stamp is known, but freshness is not proved. Query the clock, then judge again.
 * - `backing-off`: its source failed recently and is not queried again yet. Serve it as grace.
 * - `fallback`: load. Serve it, as grace, only if loading fails.
 * - `dead`: load, and drop the entry.
 */
export type Verdict = 'fresh' | 'refresh' | 'revalidate' | 'backing-off' | 'fallback' | 'dead';

/** The one place that decides whether an entry may be served. */
export class Freshness {
  readonly strict: boolean;
  private arrivals = 0;

  constructor(
    private readonly clock: TagClock,
    private readonly time: Time,
    private readonly options: FreshnessOptions,
  ) {
    this.strict = options.consistency === 'strict';
  }

  /**
   * The verdict for one entry and one reader. Allocates nothing; O(1) while the clock's version is that of the last verdict.
   * @param refreshBefore how long before the end of the TTL the verdict is `refresh`
   */
  judge(entry: CacheEntry, snapshot: ReadSnapshot, refreshBefore: RefreshBefore = 0): Verdict {
    const late = overdue(entry, this.time.wall(), snapshot.at);
    const isUsable = (late < 0 || late < entry.swrMs) && this.isFresh(entry);
    if (isUsable && this.isProved(entry.verifiedAt, snapshot)) {
      const early = refreshBefore === EAGER ? (entry.expiresAt - entry.createdAt) * LAST_PART : refreshBefore;
      return late + early < 0 ? 'fresh' : 'refresh';
    }
    const isRescue = isWithinGrace(entry, late);
    const isResting = isRescue && entry.failure !== undefined && snapshot.at < entry.failure.retryAt;
    if (isResting && this.isBackingOff(entry, snapshot)) return 'backing-off';
    if (isUsable || (isResting && !snapshot.confirmed)) return 'revalidate';
    return isRescue ? 'fallback' : 'dead';
  }

  /** Law 3, by what this process knows now. */
  isFresh(entry: CacheEntry): boolean {
    if (entry.verifiedAtVersion === this.clock.version) return true;
    if (this.clock.staleBecause(entry, entry.tags) !== undefined) return false;
    entry.verifiedAtVersion = this.clock.version;
    return true;
  }

  /** Whether a write made the entry stale within its TTL: by a stamp, and not because its epoch ended. */
  isStamped(entry: CacheEntry): boolean {
    if (overdue(entry, this.time.wall(), this.time.mono()) >= 0) return false;
    const why = this.clock.staleBecause(entry, entry.tags)?.why;
    return why === 'stamped' || why === 'unacknowledged';
  }

  /** Laws 3 and 6 without the TTL: whether a reader that arrived with `snapshot` may receive the value. */
  mayServe(entry: CacheEntry, snapshot: ReadSnapshot): boolean {
    return this.isProved(entry.verifiedAt, snapshot) && this.isFresh(entry);
  }

  /**
   * After a failed load, wait for the back-off, unless a tag was stamped since: a write proves that the source is up, and
   * an old value must not outlive that write. Requires the same proof as a hit.
   */
  isBackingOff(entry: CacheEntry, snapshot: ReadSnapshot): boolean {
    const { failure } = entry;
    if (!failure || snapshot.at >= failure.retryAt || !this.isProved(failure.at, snapshot)) return false;
    return this.clock.staleBecause(failure.since, entry.tags) === undefined;
  }

  /** What this node knows now, without querying the clock. Never confirmed in strict mode. */
  snapshot(): ReadSnapshot {
    const at = this.time.mono();
    const { version, lastSyncAt } = this.clock;
    const order = (this.arrivals += 1);
    return { order, version, at, lastSyncAt, confirmed: !this.strict && at - lastSyncAt < this.options.maxLag };
  }

  /** Queries the clock. Without a reply the snapshot is not confirmed. Never rejects. */
  async snapshotFromClock(): Promise<ReadSnapshot> {
    const order = (this.arrivals += 1);
    const at = this.time.mono();
    const confirmed = await this.clock.now().then(
      () => true,
      () => false,
    );
    return { order, version: this.clock.version, at, lastSyncAt: at, confirmed };
  }

  /** The snapshot after the clock has replied to a query that was sent when the reader arrived. */
  confirmedSince(snapshot: ReadSnapshot): ReadSnapshot {
    const { order, at } = snapshot;
    const confirmed = this.strict || this.time.mono() - at < this.options.maxLag;
    return { order, version: this.clock.version, at, lastSyncAt: at, confirmed };
  }

  /** `Time.mono()` up to which an entry served with `snapshot` is proved fresh. A value built from it has no later proof (Law 6). */
  verifiedAt(entry: CacheEntry, snapshot: ReadSnapshot): number {
    if (!snapshot.confirmed) return entry.verifiedAt;
    return Math.max(entry.verifiedAt, Math.min(snapshot.lastSyncAt, snapshot.at));
  }

  /** Law 6: a reply of the clock or, in bounded mode, a read of the source less than maxLag ago. */
  private isProved(verifiedAt: number, snapshot: ReadSnapshot): boolean {
    return snapshot.confirmed || (!this.strict && snapshot.at - verifiedAt < this.options.maxLag);
  }
}
