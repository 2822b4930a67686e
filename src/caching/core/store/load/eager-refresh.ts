import { type CacheEntry, type CacheResult, overdue } from '../entry';
import type { ReadSnapshot, Verdict } from '../freshness';
import type { ResolvedPolicy } from '../policy';
import type { Serving } from '../serving';
import type { StoreParts } from '../store-parts';
import { withDeadline } from '../../async/deadline';
import type { Background } from '../../async/background';
import type { Waiter } from '../../async/waiters';
import type { CoalescedLoads, Load } from './coalesced-loads';

/**
 * Refreshes a value that may still be served, so that readers do not wait at the end of a TTL: one refresh at a time,
 * and none while the source is backing off.
 */
export class EagerRefresh {
  /** Entries with a refresh that took longer than the soft deadline. */
  private readonly outlasting = new WeakSet<CacheEntry>();

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
   * @param waiter this caller @returns the new value if this caller has to wait for it; undefined: it is served the entry
   */
  start(
    entry: CacheEntry,
    snapshot: ReadSnapshot,
    policy: ResolvedPolicy,
    fill: Load,
    waiter: Waiter | undefined,
  ): Promise<CacheResult> | undefined {
    if (!this.isDue(entry, snapshot)) return undefined;
    const isForCaller = !this.isLate(entry, snapshot) && this.isForCaller(policy);
    if (isForCaller) return this.inCaller(entry, snapshot, policy, fill, waiter);
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

  /**
   * Reloads the value for this caller. If that fails, or takes longer than the soft deadline, the caller gets the entry, which
   * is still fresh, and a slow load goes on. The load of a view cannot be stored without its caller, so the next caller waits.
   * @throws what `fill` throws, when the entry was stamped meanwhile
   */
  private async inCaller(
    entry: CacheEntry,
    arrival: ReadSnapshot,
    { softTimeout, loadTimeout }: ResolvedPolicy,
    fill: Load,
    waiter: Waiter | undefined,
  ): Promise<CacheResult> {
    const { freshness } = this.parts;
    const isServable = (): boolean => !this.isLate(entry, arrival) && freshness.mayServe(entry, arrival);
    const loading = this.loads.start(entry.key, fill, waiter);
    this.background.track(loading.catch(() => undefined));
    const patience = this.outlasting.has(entry) ? loadTimeout : softTimeout;
    const refreshed = await withDeadline(loading, patience, `refreshing ${entry.key}`).catch(() => {
      if (this.loads.isRunning(entry.key)) this.outlasting.add(entry);
      return isServable() ? undefined : loading;
    });
    const isRescued = refreshed?.outcome === 'grace' && isServable();
    return refreshed && !isRescued
      ? this.serving.recorded(refreshed, freshness.snapshot())
      : this.serving.serve(entry, 'hit', arrival);
  }
}
