import { Background } from '../async/background';
import { currentLoad, type Waiter, type Waiters } from '../async/waiters';
import type { CacheEntry, CacheResult, Loader } from './entry';
import { ExplicitSet } from './explicit-set';
import { refuseIfAmbiguous } from './key';
import { CoalescedLoads } from './load/coalesced-loads';
import { EagerRefresh } from './load/eager-refresh';
import { EntryWriter } from './load/entry-writer';
import { FillCoordinator } from './load/fill-coordinator';
import { FillMany } from './load/fill-many';
import { FillOne } from './load/fill-one';
import { loadUncached } from './load/uncached';
import { type CachePolicy, type RefreshBefore, resolvePolicy } from './policy';
import { ReadMany } from './read-many';
import { Serving } from './serving';
import type { StoreParts } from './store-parts';
import type { L2Access } from './tiers/l2-access';

/**
 * The read path: L1, the clock, single flight; and behind them L2, fill lock, load and grace. Read `getOrLoad`, then
 * `FillOne`. A failure of Redis never rejects a read: only the load's own error is thrown.
 */
export class ReadPath {
  readonly background = new Background();
  readonly sets: ExplicitSet;
  readonly many: ReadMany;
  private readonly serving: Serving;
  private readonly eager: EagerRefresh;
  private readonly writer: EntryWriter;
  private readonly loads: CoalescedLoads;
  private readonly filling: FillOne;

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
    const locks = l2 && new FillCoordinator(parts, this.background);
    this.filling = new FillOne(parts, l2, locks, this.serving, this.writer);
    const fillingMany = new FillMany(parts, l2, locks, this.serving, this.writer);
    this.many = new ReadMany(parts, this.serving, this.writer, this.loads, fillingMany, this.background);
  }

  /** Whether a load of `key` is running in this process. */
  isLoading(key: string): boolean {
    return this.loads.isRunning(key);
  }

  /** @see FillOne.skipsL2 */
  skipsL2(key: string, policy: CachePolicy): boolean {
    return this.filling.skipsL2(key, policy);
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
        this.filling.fill(key, policy, () => waiters.run(load), policy.refreshBefore);
      const inCaller = this.eager.start(entry, snapshot, policy, refresh, caller);
      if (inCaller) return inCaller;
    }
    const served = entry && verdict && this.serving.byVerdict(entry, verdict, snapshot);
    if (served) return served;

    // 4. Single flight: join a load that is running, or start one.
    const result = await this.loads.join(
      key,
      snapshot,
      (waiters) => this.filling.fill(key, policy, () => waiters.run(load)),
      (waiters) => this.filling.load(key, policy, () => waiters.run(load), { inL1Only: this.skipsL2(key, policy) }),
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
}
