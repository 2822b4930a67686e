import { type CacheEntry, type CacheResult, overdue } from '../entry';
import type { ReadSnapshot, Verdict } from '../freshness';
import type { ResolvedPolicy } from '../policy';
import type { Serving } from '../serving';
import type { StoreParts } from '../store-parts';
import type { Background } from '../../async/background';
import type { CoalescedLoads } from './coalesced-loads';

type Fill = () => Promise<CacheResult>;

/**
 * Refreshes a value that may still be served, so that readers do not wait at the end of a TTL: one refresh at a time,
 * and none while the source is backing off.
 */
export class EagerRefresh {
  constructor(
    private readonly parts: StoreParts,
    private readonly loads: CoalescedLoads,
    private readonly serving: Serving,
    private readonly background: Background,
  ) {}

  /** Whether an entry within its TTL is served without a load: it is fresh, and another caller refreshes it if that is due. */
  isServed(entry: CacheEntry, verdict: Verdict, snapshot: ReadSnapshot): boolean {
    if (verdict !== 'refresh' || this.isLate(entry, snapshot)) return verdict === 'fresh';
    return !this.isDue(entry, snapshot);
  }

  /**
   * Starts the refresh of an entry whose verdict is `refresh`, if that is due.
   * @returns the new value if this caller has to wait for it; undefined: it is served the entry
   */
  start(
    entry: CacheEntry,
    snapshot: ReadSnapshot,
    policy: ResolvedPolicy,
    fill: Fill,
  ): Promise<CacheResult> | undefined {
    if (!this.isDue(entry, snapshot)) return undefined;
    if (!this.isLate(entry, snapshot) && this.isForCaller(policy)) return this.inCaller(entry, fill);
    this.background.track(this.loads.start(entry.key, fill).catch(() => undefined));
    return undefined;
  }

  private isDue(entry: CacheEntry, snapshot: ReadSnapshot): boolean {
    return !this.loads.isRunning(entry.key) && !this.parts.freshness.isBackingOff(entry, snapshot);
  }

  private isLate(entry: CacheEntry, snapshot: ReadSnapshot): boolean {
    return overdue(entry, this.parts.time.wall(), snapshot.at) >= 0;
  }

  /** A part of a value that is being loaded is refreshed in that load, or the whole would expire with the old part. */
  private isForCaller({ refreshedBy }: ResolvedPolicy): boolean {
    return refreshedBy === 'caller' || this.parts.dependencies.current() !== undefined;
  }

  /** Reloads the value for this caller. If that fails, the caller gets the entry, which is still fresh. @throws what `fill` throws */
  private async inCaller(entry: CacheEntry, fill: Fill): Promise<CacheResult> {
    const { freshness } = this.parts;
    const refreshed = await this.loads.start(entry.key, fill).catch((error: unknown) => {
      if (freshness.judge(entry, freshness.snapshot()) !== 'fresh') throw error;
      return undefined;
    });
    const snapshot = freshness.snapshot();
    const isRescued = refreshed?.outcome === 'grace' && freshness.judge(entry, snapshot) === 'fresh';
    return refreshed && !isRescued
      ? this.serving.recorded(refreshed, snapshot)
      : this.serving.serve(entry, 'hit', snapshot);
  }
}
