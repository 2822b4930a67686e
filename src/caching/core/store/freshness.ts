import type { TagClock } from '../clock/tag-clock';
import type { Time } from '../async/time';
import type { CacheEntry } from './entry';

export interface FreshnessOptions {
  /** `bounded`: an L1 hit is at most `maxLag` behind. `strict`: every hit asks the clock first. */
  readonly consistency: 'bounded' | 'strict';
  /** Milliseconds: the longest an L1 entry is served without news from the clock. */
  readonly maxLag: number;
}

/** What a reader knew when it came; its answer must be no older than that. */
export interface ReadSnapshot {
  /** Grows with every arrival of this process: who came first. Time may stand still between two of them. */
  readonly order: number;
  readonly version: number;
  readonly at: number;
  /** The mirror spoke for the clock: heard from within maxLag, or in strict mode asked on arrival. */
  readonly confirmed: boolean;
  /** Milliseconds (mono) up to which a confirmed mirror is known to be complete. */
  readonly lastSyncAt: number;
}

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

  /** Law 3. O(1) while nothing was learned since this entry was last found fresh. */
  isFresh(entry: CacheEntry): boolean {
    if (entry.verifiedAtVersion === this.clock.version) return true;
    if (this.clock.staleBecause(entry, entry.tags) !== undefined) return false;
    entry.verifiedAtVersion = this.clock.version;
    return true;
  }

  /** What is known now, without asking. In strict mode that is never enough. */
  snapshot(): ReadSnapshot {
    const at = this.time.mono();
    const { version, lastSyncAt } = this.clock;
    const order = (this.arrivals += 1);
    return { order, version, at, lastSyncAt, confirmed: !this.strict && at - lastSyncAt < this.options.maxLag };
  }

  /** What is known once the clock was asked; without an answer nothing is confirmed. Never rejects. */
  async snapshotFromClock(): Promise<ReadSnapshot> {
    const order = (this.arrivals += 1);
    const at = this.time.mono();
    const confirmed = await this.clock.now().then(
      () => true,
      () => false,
    );
    return { order, version: this.clock.version, at, lastSyncAt: at, confirmed };
  }

  /**
   * Law 6: an L1 entry is served on the clock's word, or, in bounded mode, within maxLag of when it was read.
   * And in either case only if nothing this process knows speaks against it.
   */
  mayServe(entry: CacheEntry, arrival: ReadSnapshot): boolean {
    if (!arrival.confirmed && (this.strict || arrival.at - entry.verifiedAt >= this.options.maxLag)) return false;
    return this.isFresh(entry);
  }

  /**
   * A source that failed lately is left alone for a while, unless something was stamped since: whoever wrote shows
   * that it lives, and an old value must not outlast that write. So it takes the same word as a hit does.
   */
  mayRest(entry: CacheEntry, arrival: ReadSnapshot): boolean {
    const { failure } = entry;
    if (!failure || arrival.at >= failure.retryAt) return false;
    if (!arrival.confirmed && (this.strict || arrival.at - failure.at >= this.options.maxLag)) return false;
    return this.clock.staleBecause(failure.since, entry.tags) === undefined;
  }

  /** Until when an entry served to `arrival` is known to be right: what is built from it is no better (Law 6). */
  verifiedAt(entry: CacheEntry, arrival: ReadSnapshot): number {
    if (!arrival.confirmed) return entry.verifiedAt;
    return Math.max(entry.verifiedAt, Math.min(arrival.lastSyncAt, arrival.at));
  }
}
