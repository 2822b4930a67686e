/** A moment of the tag clock, as one process knows it. */
export interface Instant {
  /** Which life of the clock. Epochs are compared for equality only and never repeat. `''`: no reply from the clock yet. */
  readonly epoch: string;
  /** How many stamps that life had seen. */
  readonly tick: number;
  /** Ticks of this process's own list of stamps the clock has not acknowledged; means nothing elsewhere. */
  readonly localTick: number;
}

/** When tags were stamped. Many tags take several ticks: what they stamp is fresh from the first on, and known from the last on. */
export interface StampInstant extends Instant {
  readonly lastTick: number;
}

/** Why Law 3 says no. `unacknowledged`: this process wrote, and the clock has not acknowledged the stamp. */
export interface StaleReason {
  readonly why: 'epoch' | 'floor' | 'stamped' | 'unacknowledged';
  readonly tag?: string;
}

/**
 * The logical clock of DESIGN §4. Writers stamp tags with the next tick; a reader compares.
 * `MemoryTagClock` is one process's; `RedisTagClock` is shared and mirrored. Both pass one contract suite.
 */
export interface TagClock {
  /** Grows whenever anything was learned. Equal versions mean equal verdicts: that makes the usual check O(1). */
  readonly version: number;
  /** `Time.mono()` of the last query that the clock replied to (Law 6). Infinity: this process is the clock. */
  readonly lastSyncAt: number;
  /** What this process knows now. Never ahead of the clock, so safe to take before a read (Law 1). */
  instant(): Instant;
  /** The tick at which any of `tags` (`product:*`: any of that kind) was last stamped, as far as is known here; where it is forgotten, a later one. */
  lastStamp(tags: readonly string[]): number;
  /** Law 3. Undefined: fresh by all this process knows. O(tags). */
  staleBecause(instant: Instant, tags: readonly string[]): StaleReason | undefined;
  /**
   * Asks the clock and learns everything stamped before the question.
   * @throws CacheError `CACHE_CLOCK_UNAVAILABLE` or `CACHE_TIMEOUT` when it does not reply
   */
  now(): Promise<Instant>;
  /**
   * Law 4: call it after the commit and before acknowledging the write. When it resolves, every `now()` asked
   * from then on, on any node, knows it, and so does this process. Returns the instant of this very stamp: what it
   * stamps is fresh from then on, and dead as soon as anybody stamps it again.
   * @throws CacheError `CACHE_STAMP_FAILED`: keep the change and stamp again; this process already distrusts the tags
   */
  stamp(tags: readonly string[]): Promise<StampInstant>;
  /** What a stamp of `tag` by another process invalidates here as well. Applies to the stamps that are known already, too. */
  deriveTags(derive: (tag: string) => readonly string[]): void;
  /** A user as keys name them. Another epoch may have another pseudonym. */
  pseudonym(user: string): string;
  /** Tags as stamps have them: without duplicates, users as pseudonyms. Once is enough, and twice does no harm. */
  tagTexts(tags: Iterable<string>): string[];
  /** Tags as entries have them: as `tagTexts`, and with the tag of all users of a kind beside that of one. */
  dependencyTexts(tags: Iterable<string>): string[];
  /** Begins a new epoch: everything cached under this prefix is dead at once, everywhere. */
  renew(): Promise<void>;
  /** Runs `hook` before the clock is trusted again after it was unavailable (Law 6: drain the outbox first). */
  beforeTrust(hook: () => Promise<void>): void;
  close(): Promise<void>;
}
