import type { Instant } from '../clock/tag-clock';
import type { Waiter } from '../async/waiters';
import type { DependencyTracker } from '../clock/dependency-tracker';
import type { Body, CacheEntry, CacheResult, Loaded, Loader, LoadMany } from './entry';
import { ExplicitSet } from './explicit-set';
import { type InvalidationListener, Invalidator } from './invalidator';
import { refuseIfAmbiguous } from './key';
import type { CachePolicy, ManyPolicy, RefreshBefore } from './policy';
import { ReadPath } from './read-path';
import type { StoreParts } from './store-parts';
import { L2Access } from './tiers/l2-access';

/** L1 and L2 as one cache. The tag clock decides which entries are fresh; `read-path.ts` is a read, step by step. */
export class TieredStore {
  private readonly reads: ReadPath;
  private readonly sets: ExplicitSet;
  private readonly invalidator: Invalidator;

  constructor(private readonly parts: StoreParts) {
    const l2 = parts.l2 && new L2Access(parts.l2, parts);
    this.reads = new ReadPath(parts, l2);
    this.sets = this.reads.sets;
    this.invalidator = new Invalidator(parts, l2);
  }

  get scope(): DependencyTracker {
    return this.parts.dependencies;
  }

  /**
   * The fresh L1 entry, found without a promise or the network. Counts as a hit and as a dependency of the enclosing load.
   * Undefined: call `getOrLoad`. Always undefined in strict mode.
   * @param refreshBefore as in the policy: undefined for the one caller that has to refresh the entry
   */
  peek(key: string, refreshBefore?: RefreshBefore): CacheEntry | undefined {
    return this.reads.peek(key, refreshBefore);
  }

  /**
   * The value of `key`, from L1 or L2 if an entry there may be served, else loaded.
   * @param caller the load is abandoned when all its callers have left. @default the load around this call
   * @throws what `load` throws, when there is no grace; CacheError `CACHE_KEY`, `CACHE_ABANDONED`
   */
  getOrLoad(key: string, policy: CachePolicy, load: Loader, caller?: Waiter): Promise<CacheResult> {
    return this.reads.getOrLoad(key, policy, load, caller);
  }

  /**
   * The values of many keys, by the same laws: what L1 lacks is read from L2 by one MGET, and what L2 lacks by one call of
   * `load`. Each key is cached, shared and invalidated by itself.
   * @returns one result for each of `keys`, in their order
   * @throws what `load` throws, when there is no grace for one of them; CacheError `CACHE_KEY`
   */
  getOrLoadMany(keys: readonly string[], policy: ManyPolicy, load: LoadMany): Promise<CacheResult[]> {
    return this.reads.many.getOrLoad(keys, policy, load);
  }

  /** Whether a fresh entry is in L1. Counts as no read. */
  has(key: string): boolean {
    return this.reads.many.has(key);
  }

  /** Stores what the load around this call has read beside its own value. @see ReadMany.keep */
  keep(values: ReadonlyMap<string, Loaded>, policy: ManyPolicy): void {
    this.reads.many.keep(values, policy);
  }

  /** Stores values that were read at `instant`. @see ReadMany.keepAt */
  keepAt(values: ReadonlyMap<string, Loaded>, policy: ManyPolicy, instant: Instant, readAt: number): void {
    this.reads.many.keepAt(values, policy, instant, readAt);
  }

  /** The fresh value, or undefined. Never loads. @param refreshBefore as for `peek` */
  get(key: string, refreshBefore?: RefreshBefore): Promise<CacheResult | undefined> {
    return this.reads.get(key, refreshBefore);
  }

  /** The fresh L1 entry, after a query to the clock where it lacks proof. @see ReadPath.confirm */
  confirm(key: string, refreshBefore?: RefreshBefore): Promise<CacheResult | undefined> | undefined {
    return this.reads.confirm(key, refreshBefore);
  }

  /** Whether a load of `key` is running in this process, which `getOrLoad` would join. */
  isLoading(key: string): boolean {
    return this.reads.isLoading(key);
  }

  /** Whether L2 has no part in a value that is not fresh in L1. @see FillOne.skipsL2 */
  skipsL2(key: string, policy: CachePolicy): boolean {
    return this.reads.skipsL2(key, policy);
  }

  /** Replaces the value of `key` on every node. @see ExplicitSet.set @throws CacheError `CACHE_KEY` */
  async set(key: string, body: Body, policy: CachePolicy): Promise<void> {
    refuseIfAmbiguous(key);
    await this.sets.set(key, body, policy);
  }

  /** Law 4. @throws CacheError `CACHE_STAMP_FAILED`: stamp again. This process applies the stamp at once */
  invalidate(tags: readonly string[]): Promise<Instant | undefined> {
    return this.invalidator.invalidate(tags);
  }

  /** Deletes one key on every node. @throws CacheError `CACHE_STAMP_FAILED` when the clock did not acknowledge it */
  delete(key: string): Promise<void> {
    return this.invalidator.delete(key);
  }

  /** Clears everything under this prefix, on every node. @throws what the clock throws. L1 of this process is cleared all the same */
  clear(): Promise<void> {
    return this.invalidator.clear();
  }

  /** @see Invalidator.onInvalidate */
  onInvalidate(listener: InvalidationListener): void {
    this.invalidator.onInvalidate(listener);
  }

  /** Law 3, by what this process knows now. */
  isFresh(entry: CacheEntry): boolean {
    return this.parts.freshness.isFresh(entry);
  }

  /** Stores derived bytes (gzip) beside an L1 entry. They count towards its size and are evicted with it. */
  addVariant(entry: CacheEntry, name: string, bytes: Buffer): void {
    this.parts.l1.addVariant(entry, name, bytes);
  }

  /** Resolves when no fill or refresh is running: for shutdown and tests. */
  idle(): Promise<void> {
    return this.reads.background.idle();
  }
}
