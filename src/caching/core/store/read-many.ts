import { currentLoad, type Waiters } from '../async/waiters';
import type { Background } from '../async/background';
import { DependencySet } from '../clock/dependency-tracker';
import type { Instant } from '../clock/tag-clock';
import type { CacheEntry, CacheResult, Loaded, LoadMany } from './entry';
import type { ReadSnapshot, Verdict } from './freshness';
import { refuseIfAmbiguous } from './key';
import { type CoalescedLoads, type Outcomes, resultOf } from './load/coalesced-loads';
import type { EntryWriter } from './load/entry-writer';
import { type FillMany, type Run, runFor } from './load/fill-many';
import { KeyBatch } from './load/key-batch';
import { type ManyPolicy, type RefreshBefore, resolvePolicy } from './policy';
import type { Serving } from './serving';
import type { StoreParts } from './store-parts';

/**
 * The read path for many keys at once, by the same laws as for one: L1, one query to the clock where an entry lacks
 * proof, single flight for each key, then `FillMany`.
 */
export class ReadMany {
  constructor(
    private readonly parts: StoreParts,
    private readonly serving: Serving,
    private readonly writer: EntryWriter,
    private readonly loads: CoalescedLoads,
    private readonly filling: FillMany,
    private readonly background: Background,
  ) {}

  /** @returns one result for each of `keys`, in their order @throws what `load` throws, when grace lacks one of them */
  async getOrLoad(keys: readonly string[], options: ManyPolicy, load: LoadMany): Promise<CacheResult[]> {
    const { freshness, transactions, defaults } = this.parts;
    const policy = resolvePolicy(options, defaults);
    const tagsOf = options.tagsOf ?? noTags;
    const run: Run = { policy, tagsOf, load };
    if (transactions.isInside()) return this.uncached(keys, run);

    // 1. L1, then once the clock for all that lack proof: as in `ReadPath.getOrLoad`.
    let snapshot = freshness.snapshot();
    const fresh = this.allFresh(keys, snapshot, policy.refreshBefore);
    if (fresh) return this.serving.serveAll(fresh, snapshot);
    const wanted = new Set(keys);
    let entries = this.inL1(wanted, snapshot, policy.refreshBefore);
    if (this.needsClock(wanted, entries)) {
      snapshot = await freshness.snapshotFromClock();
      entries = this.inL1(wanted, snapshot, policy.refreshBefore);
    }
    const results = new Map<string, CacheResult>();
    const due: string[] = [];
    for (const [key, { entry, verdict }] of entries) {
      const served = this.serving.byVerdict(entry, verdict, snapshot);
      if (served) results.set(key, served);
      if (served && verdict === 'refresh') due.push(key);
    }
    if (due.length > 0) this.refresh(due, run);

    // 2. Single flight: each key joins its running load, or this call's own.
    const missing = [...wanted].filter((key) => !results.has(key));
    if (missing.length > 0) {
      for (const key of missing) refuseIfAmbiguous(key);
      const loaded = await this.joinOrStart(missing, run, snapshot);
      missing.forEach((key, at) => results.set(key, this.serving.recorded(loaded[at]!, snapshot)));
    }
    return keys.map((key) => results.get(key)!);
  }

  /**
   * Stores values that the load around this call has read beside its own: at that load's instant, which was taken before it
   * read anything (Law 1). Does nothing outside a load, or in one that may not be stored.
   */
  keep(values: ReadonlyMap<string, Loaded>, options: ManyPolicy): void {
    const { clock, dependencies } = this.parts;
    const scope = dependencies.current();
    if (!scope || scope.isUncommitted || scope.epoch !== clock.instant().epoch) return;
    const snapshot = this.parts.freshness.snapshot();
    const unknown = [...values].filter(([key]) => !this.has(key, snapshot));
    this.keepAt(new Map(unknown), options, scope, scope.verifiedAt);
  }

  /** Whether a fresh entry is in L1. */
  has(key: string, snapshot: ReadSnapshot = this.parts.freshness.snapshot()): boolean {
    const present = this.parts.l1.peek(key);
    return present !== undefined && this.parts.freshness.judge(present, snapshot) === 'fresh';
  }

  /** Stores values as read at `instant`. @param readAt `Time.mono()` before they were read */
  keepAt(values: ReadonlyMap<string, Loaded>, options: ManyPolicy, instant: Instant, readAt: number): void {
    const { defaults, time } = this.parts;
    const policy = resolvePolicy(options, defaults);
    const from = new DependencySet(instant, readAt);
    const createdAt = time.wall() - (time.mono() - readAt);
    const entries = [...values].map(([key, loaded]) => {
      const tags = [...policy.tags, ...(options.tagsOf?.(key) ?? [])];
      return this.writer.buildEntry(key, { ...policy, tags }, loaded, from, createdAt);
    });
    void this.writer.storeEntries(entries, policy.inProcess);
  }

  /** The entries where L1 has them all: most often it does, and no maps are needed. */
  private allFresh(
    keys: readonly string[],
    snapshot: ReadSnapshot,
    refreshBefore: RefreshBefore,
  ): CacheEntry[] | undefined {
    const { l1, freshness } = this.parts;
    const entries: CacheEntry[] = [];
    for (const key of keys) {
      const entry = l1.get(key);
      if (!entry || freshness.judge(entry, snapshot, refreshBefore) !== 'fresh') return undefined;
      entries.push(entry);
    }
    return entries;
  }

  private inL1(
    keys: ReadonlySet<string>,
    snapshot: ReadSnapshot,
    refreshBefore: RefreshBefore,
  ): Map<string, { entry: CacheEntry; verdict: Verdict }> {
    const { l1, freshness } = this.parts;
    const found = new Map<string, { entry: CacheEntry; verdict: Verdict }>();
    for (const key of keys) {
      const entry = l1.get(key);
      if (entry) found.set(key, { entry, verdict: freshness.judge(entry, snapshot, refreshBefore) });
    }
    return found;
  }

  private needsClock(keys: ReadonlySet<string>, entries: ReadonlyMap<string, { verdict: Verdict }>): boolean {
    for (const { verdict } of entries.values()) if (verdict === 'revalidate') return true;
    return this.parts.freshness.strict && [...keys].some((key) => this.loads.isRunning(key));
  }

  /** @returns the results in the order of the keys @throws what their loads throw, when all have ended */
  private async joinOrStart(keys: readonly string[], run: Run, snapshot: ReadSnapshot): Promise<CacheResult[]> {
    const caller = currentLoad();
    const idle = keys.filter((key) => !this.loads.isRunning(key));
    const isOwn = new Set(idle);
    const fill = (some: readonly string[], waiters: Waiters): Promise<Outcomes> =>
      this.filling.fill(some, runFor(waiters, run), 0);
    const own = idle.length > 0 && this.loads.startMany(idle, (waiters) => fill(idle, waiters), caller);
    if (own && idle.length === keys.length) return inOrder(keys, await own);

    const batch = new KeyBatch(fill);
    const joining = keys.map((key) => {
      const alone = (waiters: Waiters): Promise<CacheResult> =>
        new KeyBatch((missing) => this.filling.load(missing, runFor(waiters, run))).add(key, waiters);
      if (own && isOwn.has(key)) return own.then((outcomes) => resultOf(outcomes.get(key)!));
      return this.loads.join(key, snapshot, (waiters) => batch.add(key, waiters), alone, caller);
    });
    return all(joining);
  }

  /** Reloads served values in the background, as one load. */
  private refresh(keys: readonly string[], run: Run): void {
    const batch = new KeyBatch((own, waiters) =>
      this.filling.fill(own, runFor(waiters, run), run.policy.refreshBefore),
    );
    for (const key of keys) {
      if (this.loads.isRunning(key)) continue;
      this.background.track(this.loads.start(key, (waiters) => batch.add(key, waiters)).catch(() => undefined));
    }
  }

  /** For a caller inside a transaction, as `loadUncached`. */
  private async uncached(keys: readonly string[], run: Run): Promise<CacheResult[]> {
    const results = await this.filling.build([...new Set(keys)], run);
    for (const { entry } of results.values()) this.parts.dependencies.record(entry);
    return keys.map((key) => ({ ...results.get(key)!, stored: false }));
  }
}

function inOrder(keys: readonly string[], outcomes: Outcomes): CacheResult[] {
  return keys.map((key) => resultOf(outcomes.get(key)!));
}

/** As Promise.all, but no rejection goes unhandled and none leaves other work running unseen. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

function noTags(): readonly string[] {
  return [];
}
