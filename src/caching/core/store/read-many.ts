import { currentLoad, isAbandonment, Waiters } from '../async/waiters';
import type { Background } from '../async/background';
import { DependencySet } from '../clock/dependency-tracker';
import type { Instant } from '../clock/tag-clock';
import { type CacheEntry, type CacheResult, type Loaded, type LoadMany, remainingTtl } from './entry';
import type { ReadSnapshot, Verdict } from './freshness';
import { layerOf, refuseIfAmbiguous } from './key';
import type { CoalescedLoads, Settled } from './load/coalesced-loads';
import { type EntryWriter, lifeOf } from './load/entry-writer';
import { rescue } from './load/grace';
import { KeyBatch, type Outcomes } from './load/key-batch';
import { runLoad } from './load/run-load';
import { type ManyPolicy, type RefreshBefore, type ResolvedPolicy, resolvePolicy } from './policy';
import type { Serving } from './serving';
import type { StoreParts } from './store-parts';
import type { L2Access, L2ManyLookup } from './tiers/l2-access';

const NOTHING: L2ManyLookup = { entries: new Map(), failed: true };

/**
 * The read path for many keys at once, by the same laws as for one: L1, one query to the clock where an entry lacks
 * proof, single flight for each key, one MGET, one load of what is missing, grace. No fill lock: a load of rows by their
 * keys is cheap, and the caller that needs it (a whole response) usually has one.
 */
export class ReadMany {
  constructor(
    private readonly parts: StoreParts,
    private readonly l2: L2Access | undefined,
    private readonly serving: Serving,
    private readonly writer: EntryWriter,
    private readonly loads: CoalescedLoads,
    private readonly background: Background,
  ) {}

  /** @returns one result for each of `keys`, in their order @throws what `load` throws, when grace lacks one of them */
  async getOrLoad(keys: readonly string[], options: ManyPolicy, load: LoadMany): Promise<CacheResult[]> {
    const { freshness, transactions, defaults } = this.parts;
    const wanted = new Set(keys);
    const policy = resolvePolicy(options, defaults);
    const tagsOf = options.tagsOf ?? noTags;
    const run: Run = { policy, tagsOf, load };
    if (transactions.isInside()) return this.uncached(keys, run);

    // 1. L1, then once the clock for all that lack proof: as in `ReadPath.getOrLoad`.
    let snapshot = freshness.snapshot();
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
      const caller = currentLoad();
      const batch = new KeyBatch((own, waiters) => this.fill(own, runFor(waiters, run), 0));
      const loading = missing.map(async (key) => {
        refuseIfAmbiguous(key);
        const alone = (waiters: Waiters): Promise<CacheResult> =>
          new KeyBatch((own) => this.load(own, runFor(waiters, run), NOTHING)).add(key, waiters);
        return this.loads.join(key, snapshot, (waiters) => batch.add(key, waiters), alone, caller);
      });
      const loaded = await all(loading);
      loaded.forEach((result, at) => results.set(missing[at]!, this.serving.recorded(result, snapshot)));
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

  /** Reloads served values in the background, as one load. */
  private refresh(keys: readonly string[], run: Run): void {
    const batch = new KeyBatch((own, waiters) => this.fill(own, runFor(waiters, run), run.policy.refreshBefore));
    for (const key of keys) {
      if (this.loads.isRunning(key)) continue;
      this.background.track(this.loads.start(key, (waiters) => batch.add(key, waiters)).catch(() => undefined));
    }
  }

  /** 3. One MGET, judged by the clock that is queried in the same round trip; then one load of what is missing. */
  private async fill(keys: readonly string[], run: Run, refreshBefore: RefreshBefore): Promise<Outcomes> {
    if (!this.l2 || run.policy.inProcess) return this.load(keys, run, NOTHING);
    const lookup = await this.l2.lookUpMany(keys);
    const outcomes: Outcomes = new Map();
    for (const key of keys) {
      const one = { entry: lookup.entries.get(key), snapshot: lookup.snapshot, failed: lookup.failed };
      const entry = this.l2.freshIn(one, refreshBefore);
      if (entry) outcomes.set(key, { result: this.serving.fromL2(entry) });
    }
    const missing = keys.filter((key) => !outcomes.has(key));
    if (missing.length === 0) return outcomes;
    return new Map([...outcomes, ...(await this.load(missing, run, lookup))]);
  }

  /** 4. One load, its tick taken before it (Law 1). */
  private load(keys: readonly string[], run: Run, lookup: L2ManyLookup): Promise<Outcomes> {
    return this.parts.tracing.span(
      'cache.load',
      { 'cache.layer': layerOf(keys[0]!), 'cache.keys': keys.length },
      async () => {
        const { clock, events, time } = this.parts;
        for (const key of keys) events.emit('miss', key);
        const attempt = { at: time.mono(), since: clock.instant() };
        try {
          const results = await this.loaded(keys, run, lookup.failed);
          events.emit('load', keys[0]!, time.mono() - attempt.at, true);
          return new Map([...results].map(([key, result]) => [key, { result }]));
        } catch (error) {
          if (!isAbandonment(error)) events.emit('load', keys[0]!, time.mono() - attempt.at, false);
          return new Map(keys.map((key) => [key, this.rescued(key, lookup.entries.get(key), attempt, error)]));
        }
      },
    );
  }

  private rescued(
    key: string,
    fromL2: CacheEntry | undefined,
    attempt: Parameters<typeof rescue>[3],
    error: unknown,
  ): Settled {
    try {
      return { result: rescue(this.parts, key, fromL2, attempt, error) };
    } catch (thrown) {
      return { error: thrown };
    }
  }

  private async loaded(keys: readonly string[], run: Run, skipL2: boolean): Promise<Map<string, CacheResult>> {
    const { time } = this.parts;
    const results = await this.built(keys, run);
    const kept = [...results.values()].filter(({ stored }) => stored).map(({ entry }) => entry);
    void this.writer.storeEntries(kept, skipL2 || run.policy.inProcess);
    for (const [key, result] of results) results.set(key, { ...result, ttl: remainingTtl(result.entry, time.wall()) });
    return results;
  }

  private async built(keys: readonly string[], { policy, tagsOf, load }: Run): Promise<Map<string, CacheResult>> {
    const { dependencies, time } = this.parts;
    const createdAt = time.wall();
    const { value, gathered } = await runLoad(dependencies, policy, `${keys.length} values`, () => load(keys));
    return new Map(
      keys.map((key) => {
        const loaded: Loaded = value.get(key) ?? { body: null };
        const entry = this.writer.buildEntry(key, { ...policy, tags: tagsOf(key) }, loaded, gathered, createdAt);
        const stored = loaded.store !== false && !gathered.isUncommitted && lifeOf(loaded, policy) > 0;
        return [key, { entry, outcome: 'miss', tier: 'source', collapsed: false, stored, ttl: 0 }];
      }),
    );
  }

  /** For a caller inside a transaction: it may read what is not committed, so the results are for that caller alone. */
  private async uncached(keys: readonly string[], run: Run): Promise<CacheResult[]> {
    const results = await this.built([...new Set(keys)], run);
    return keys.map((key) => ({ ...results.get(key)!, stored: false }));
  }
}

interface Run {
  readonly policy: ResolvedPolicy;
  readonly tagsOf: (key: string) => readonly string[];
  readonly load: LoadMany;
}

function runFor(waiters: Waiters, run: Run): Run {
  return { ...run, load: (keys) => waiters.run(() => run.load(keys)) };
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
