import { Background } from '../async/background';
import { currentLoad, isAbandonment, type Waiter, type Waiters } from '../async/waiters';
import { type CacheEntry, type CacheResult, type Loader, remainingTtl } from './entry';
import { ExplicitSet } from './explicit-set';
import { layerOf, refuseIfAmbiguous } from './key';
import { CoalescedLoads } from './load/coalesced-loads';
import { EagerRefresh } from './load/eager-refresh';
import { EntryWriter, lifeOf } from './load/entry-writer';
import { FillMany } from './load/fill-many';
import { FillCoordinator, type Release } from './load/fill-coordinator';
import { rescue } from './load/grace';
import { runLoad } from './load/run-load';
import { loadUncached } from './load/uncached';
import { type CachePolicy, type RefreshBefore, type ResolvedPolicy, resolvePolicy } from './policy';
import { ReadMany } from './read-many';
import { Serving } from './serving';
import type { StoreParts } from './store-parts';
import { L2_SKIPPED, type L2Access, type L2Lookup } from './tiers/l2-access';

/** How a value is loaded. */
interface LoadWay {
  /** It is not written to L2 either. @default false */
  readonly skipL2?: boolean;
  /** As of `LoadFacts`. */
  readonly isLocked?: boolean;
  /** What L2 had. @default it was not read */
  readonly lookup?: L2Lookup;
  readonly release?: Release;
}

/**
 * The read path: L1, the clock, single flight, L2, fill lock, load, grace. Read `getOrLoad`, then `fill`, then
 * `loadFromSource`. A failure of Redis never rejects a read: only the load's own error is thrown.
 */
export class ReadPath {
  readonly background = new Background();
  readonly sets: ExplicitSet;
  readonly many: ReadMany;
  private readonly serving: Serving;
  private readonly eager: EagerRefresh;
  private readonly writer: EntryWriter;
  private readonly loads: CoalescedLoads;
  private readonly locks: FillCoordinator | undefined;

  constructor(
    private readonly parts: StoreParts,
    private readonly l2: L2Access | undefined,
  ) {
    const { freshness, events } = parts;
    this.serving = new Serving(parts);
    this.writer = new EntryWriter(parts, l2, this.background);
    this.sets = new ExplicitSet(parts, this.writer);
    this.loads = new CoalescedLoads(freshness, events, parts.mayShareResult);
    this.eager = new EagerRefresh(parts, this.loads, this.serving, this.background);
    this.locks = l2 && new FillCoordinator(parts, this.background);
    const filling = new FillMany(parts, l2, this.locks, this.serving, this.writer);
    this.many = new ReadMany(parts, this.serving, this.writer, this.loads, filling, this.background);
  }

  /** Whether a load of `key` is running in this process. */
  isLoading(key: string): boolean {
    return this.loads.isRunning(key);
  }

  /** Whether a value that is not fresh in L1 is loaded without a read of L2. */
  skipsL2(key: string, { inProcess, isAssembled }: CachePolicy): boolean {
    return inProcess === true || (isAssembled === true && this.isStamped(key));
  }

  /** Whether a write made this process's copy stale. */
  private isStamped(key: string): boolean {
    const copy = this.parts.l1.peek(key);
    return copy !== undefined && this.parts.freshness.isStamped(copy);
  }

  /** The fresh L1 entry, without a promise or the network. Undefined for the one caller that has to refresh it. */
  peek(key: string, refreshBefore?: RefreshBefore): CacheEntry | undefined {
    if (this.parts.transactions.isInside()) return undefined;
    const entry = this.parts.l1.get(key);
    if (entry === undefined) return undefined;
    const snapshot = this.parts.freshness.snapshot();
    const verdict = this.parts.freshness.judge(entry, snapshot, refreshBefore);
    if (!this.eager.isServed(entry, verdict, snapshot)) return undefined;
    this.parts.events.emit('hit', key, 'l1');
    this.serving.record(entry, snapshot);
    return entry;
  }

  /** @throws what `load` throws, when grace has nothing; CacheError `CACHE_KEY`, `CACHE_ABANDONED` once `caller` has left */
  async getOrLoad(
    key: string,
    options: CachePolicy,
    load: Loader,
    caller: Waiter | undefined = currentLoad(),
  ): Promise<CacheResult> {
    const { l1, freshness, transactions } = this.parts;
    if (transactions.isInside()) return loadUncached(this.parts, this.writer, key, options, load);
    // 1. L1, judged by what this node knows now.
    let snapshot = freshness.snapshot();
    let entry = l1.get(key);
    let verdict = entry && freshness.judge(entry, snapshot, options.refreshBefore);
    if (entry && verdict === 'fresh') return this.serving.serve(entry, 'hit', snapshot);
    refuseIfAmbiguous(key);

    // 2. The clock, where an entry lacks proof, or a strict reader finds a load that began before it arrived.
    if (verdict === 'revalidate' || (freshness.strict && this.loads.isRunning(key))) {
      snapshot = await freshness.snapshotFromClock();
      entry = l1.get(key);
      verdict = entry && freshness.judge(entry, snapshot, options.refreshBefore);
    }

    // 3. Serve the L1 entry if the verdict allows it. With the verdict `refresh` one caller starts a refresh too.
    const policy = resolvePolicy(options, this.parts.defaults);
    if (entry && verdict === 'refresh') {
      const refresh = (waiters: Waiters): Promise<CacheResult> =>
        this.fill(key, policy, () => waiters.run(load), policy.refreshBefore);
      const inCaller = this.eager.start(entry, snapshot, policy, refresh, caller);
      if (inCaller) return inCaller;
    }
    const served = entry && verdict && this.serving.byVerdict(entry, verdict, snapshot);
    if (served) return served;

    // 4. Single flight: join a load that is running, or start one.
    const result = await this.loads.join(
      key,
      snapshot,
      (waiters) => this.fill(key, policy, () => waiters.run(load)),
      (waiters) => this.load(key, policy, () => waiters.run(load), { skipL2: policy.inProcess }),
      caller,
    );
    return this.serving.recorded(result, snapshot);
  }

  /**
   * The fresh L1 entry, for which the clock is queried where it lacks proof. Undefined at once where L1 has none; resolves with
   * undefined where it is not fresh, and for the one caller that has to refresh it.
   */
  confirm(key: string, refreshBefore?: RefreshBefore): Promise<CacheResult | undefined> | undefined {
    const { l1, transactions } = this.parts;
    return l1.peek(key) && !transactions.isInside() ? this.confirmed(key, refreshBefore) : undefined;
  }

  /** The fresh value, from L1 or L2. Never loads. Undefined for the one caller that has to refresh it. */
  async get(key: string, refreshBefore?: RefreshBefore): Promise<CacheResult | undefined> {
    const { l1, freshness, transactions } = this.parts;
    const { l2, sets } = this;
    if (transactions.isInside()) return undefined;
    const entry = l1.get(key);
    const inL1 = entry && (await this.confirmed(key, refreshBefore));
    if (inL1) return inL1;
    const snapshot = freshness.snapshot();
    // Each await would be one more promise at every hit of L2.
    const set = sets.isRunning(key) ? await sets.awaited(key) : undefined;
    if (set) return this.serving.serve(set, 'hit', snapshot);
    if (!l2) return undefined;
    const lookup = await l2.lookUp(key);
    const found = l2.freshIn(lookup, refreshBefore) ?? (await sets.awaitedIn(l2, key, lookup, entry, refreshBefore));
    return found && this.serving.recorded(this.serving.fromL2(found), snapshot);
  }

  private async confirmed(key: string, refreshBefore?: RefreshBefore): Promise<CacheResult | undefined> {
    const { l1, freshness } = this.parts;
    let snapshot = freshness.snapshot();
    let entry = l1.get(key);
    let verdict = entry && freshness.judge(entry, snapshot, refreshBefore);
    if (verdict === 'revalidate') {
      snapshot = await freshness.snapshotFromClock();
      entry = l1.get(key);
      verdict = entry && freshness.judge(entry, snapshot, refreshBefore);
    }
    const isServed = entry && verdict && this.eager.isServed(entry, verdict, snapshot);
    return isServed ? this.serving.serve(entry!, 'hit', snapshot) : undefined;
  }

  /** Steps 5 and 6: L2, then the fill lock, then the load. */
  private async fill(
    key: string,
    policy: ResolvedPolicy,
    load: Loader,
    refreshBefore: RefreshBefore = 0,
  ): Promise<CacheResult> {
    const { l2, locks } = this;
    if (!l2 || !locks || this.skipsL2(key, policy)) return this.load(key, policy, load, { skipL2: true });
    if (policy.comesWithWhole && this.parts.dependencies.current()?.isNew) {
      // Redis gets it with its whole. It is for other nodes that the part is there by itself.
      return this.load(key, policy, load, { skipL2: this.parts.isAlone() });
    }
    // Nothing but this node writes to L2, so what that has is no newer than the copy here.
    if (this.parts.isAlone() && this.isStamped(key)) return this.load(key, policy, load);

    // 5. L2. If the previous lookup missed, expect another miss and pipeline the lock request with the GET.
    const lookingUp = l2.lookUp(key);
    const mayNeedLock = locks.isNeeded();
    const early = mayNeedLock && !l2.expectsHit ? locks.requestEarly(key) : undefined;
    const lookup = await lookingUp;
    const found = l2.freshIn(lookup, refreshBefore);
    const needsLock = mayNeedLock && !found && !lookup.failed;
    if (early && !needsLock) locks.cancel(early);
    if (found) return this.serving.fromL2(found);

    // 6. The fill lock, or the entry that its holder has loaded meanwhile.
    const read = async (): Promise<{ filled: CacheEntry | undefined; failed: boolean }> => {
      const again = await l2.lookUp(key);
      return { filled: l2.freshIn(again, refreshBefore), failed: again.failed };
    };
    const { filled, release } = needsLock ? await locks.acquireOrWait(key, read, early) : {};
    if (filled) return this.serving.fromL2(filled);
    return this.load(key, policy, load, { skipL2: lookup.failed, isLocked: needsLock, lookup, release });
  }

  /** Step 7, in a span. */
  private load(key: string, policy: ResolvedPolicy, load: Loader, way: LoadWay = {}): Promise<CacheResult> {
    return this.parts.tracing.span('cache.load', { 'cache.layer': layerOf(key) }, async (note) => {
      const result = await this.loadFromSource(key, policy, load, way);
      note({ 'cache.outcome': result.outcome, 'cache.stored': result.stored });
      return result;
    });
  }

  private async loadFromSource(
    key: string,
    policy: ResolvedPolicy,
    load: Loader,
    { skipL2 = false, isLocked, lookup = L2_SKIPPED, release }: LoadWay,
  ): Promise<CacheResult> {
    const { clock, events, dependencies, time } = this.parts;
    events.emit('miss', key);
    const createdAt = time.wall();
    const at = time.mono();
    const since = clock.instant();
    const isNew = !lookup.failed && !lookup.entry && !this.parts.l1.peek(key);
    try {
      // 7. The load. Law 1: its scope takes the tick before it calls the source.
      const { value, gathered } = await runLoad(dependencies, policy, key, load, { isNew, isLocked });
      events.emit('load', key, time.mono() - at, true);
      const entry = this.writer.buildEntry(key, policy, value, gathered, createdAt);
      const stored = value.store !== false && !gathered.isUncommitted && lifeOf(value, policy) > 0;
      if (stored) void this.writer.storeEntry(entry, skipL2 || value.inProcess === true);
      // Sent in the packet of the write; Redis executes the two in order.
      this.locks?.release(release);
      const ttl = remainingTtl(entry, time.wall());
      return { entry, outcome: 'miss', tier: 'source', collapsed: false, stored, ttl };
    } catch (error) {
      if (!isAbandonment(error)) events.emit('load', key, time.mono() - at, false);
      this.locks?.release(release);
      // 8. Grace, or the load's own error.
      return rescue(this.parts, key, lookup.entry, { at, since }, error);
    }
  }
}
