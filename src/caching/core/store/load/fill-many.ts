import { createHash } from 'node:crypto';
import { isAbandonment, type Waiters } from '../../async/waiters';
import { type CacheEntry, type CacheResult, type Loaded, type LoadMany, remainingTtl } from '../entry';
import { layerOf } from '../key';
import type { RefreshBefore, ResolvedPolicy } from '../policy';
import type { Serving } from '../serving';
import type { StoreParts } from '../store-parts';
import type { L2Access, L2ManyLookup } from '../tiers/l2-access';
import type { Outcomes, Settled } from './coalesced-loads';
import { type EntryWriter, lifeOf } from './entry-writer';
import type { FillCoordinator, Release } from './fill-coordinator';
import { rescue } from './grace';
import { runLoad } from './run-load';

const NOTHING: L2ManyLookup = { entries: new Map(), failed: true };

/** One call of `getOrLoadMany`. */
export interface Run {
  readonly policy: ResolvedPolicy;
  readonly tagsOf: (key: string) => readonly string[];
  readonly load: LoadMany;
}

/** How many values are loaded, as `LoadWay` of one. */
interface ManyWay {
  readonly lookup: L2ManyLookup;
  readonly isLocked?: boolean;
  readonly release?: Release;
}

/** What L1 lacks of many keys: one MGET, the fill lock, one load of what is missing, grace. */
export class FillMany {
  constructor(
    private readonly parts: StoreParts,
    private readonly l2: L2Access | undefined,
    private readonly locks: FillCoordinator | undefined,
    private readonly serving: Serving,
    private readonly writer: EntryWriter,
  ) {}

  /** One MGET, judged by the clock that is queried in the same round trip; then one load of what is missing. */
  async fill(keys: readonly string[], run: Run, refreshBefore: RefreshBefore): Promise<Outcomes> {
    const { l2, locks } = this;
    if (!l2 || !locks || run.policy.inProcess) return this.load(keys, run);
    const mayNeedLock = locks.isNeeded();
    const lookup = await l2.lookUpMany(keys);
    const outcomes = this.found(keys, lookup, refreshBefore);
    const missing = keys.filter((key) => !outcomes.has(key));
    if (missing.length === 0) return outcomes;
    const isLocked = mayNeedLock && !lookup.failed;
    const read = async (): Promise<{ filled: Outcomes | undefined; failed: boolean }> => {
      const again = await l2.lookUpMany(missing);
      const filled = this.found(missing, again, refreshBefore);
      return { filled: filled.size === missing.length ? filled : undefined, failed: again.failed };
    };
    const { filled, release } = isLocked ? await locks.acquireOrWait(lockOf(missing), read) : {};
    return new Map([...outcomes, ...(filled ?? (await this.load(missing, run, { lookup, isLocked, release })))]);
  }

  /** One load, its tick taken before it (Law 1). */
  load(keys: readonly string[], run: Run, way: ManyWay = { lookup: NOTHING }): Promise<Outcomes> {
    return this.parts.tracing.span(
      'cache.load',
      { 'cache.layer': layerOf(keys[0]!), 'cache.keys': keys.length },
      async () => {
        const { clock, events, time } = this.parts;
        for (const key of keys) events.emit('miss', key);
        const attempt = { at: time.mono(), since: clock.instant() };
        try {
          const results = await this.loaded(keys, run, way);
          events.emit('load', keys[0]!, time.mono() - attempt.at, true);
          return new Map([...results].map(([key, result]) => [key, { result }]));
        } catch (error) {
          if (!isAbandonment(error)) events.emit('load', keys[0]!, time.mono() - attempt.at, false);
          return new Map(keys.map((key) => [key, this.rescued(key, way.lookup.entries.get(key), attempt, error)]));
        } finally {
          this.locks?.release(way.release);
        }
      },
    );
  }

  /** Loads without storing. */
  async build(
    keys: readonly string[],
    { policy, tagsOf, load }: Run,
    isLocked = false,
  ): Promise<Map<string, CacheResult>> {
    const { dependencies, time } = this.parts;
    const createdAt = time.wall();
    const what = `${keys.length} values`;
    const { value, gathered } = await runLoad(dependencies, policy, what, () => load(keys), { isLocked });
    return new Map(
      keys.map((key) => {
        const loaded: Loaded = value.get(key) ?? { body: null };
        const entry = this.writer.buildEntry(key, { ...policy, tags: tagsOf(key) }, loaded, gathered, createdAt);
        const stored = loaded.store !== false && !gathered.isUncommitted && lifeOf(loaded, policy) > 0;
        return [key, { entry, outcome: 'miss', tier: 'source', collapsed: false, stored, ttl: 0 }];
      }),
    );
  }

  /** Those that L2 has fresh. */
  private found(keys: readonly string[], lookup: L2ManyLookup, refreshBefore: RefreshBefore): Outcomes {
    const outcomes: Outcomes = new Map();
    for (const key of keys) {
      const one = { entry: lookup.entries.get(key), snapshot: lookup.snapshot, failed: lookup.failed };
      const entry = this.l2?.freshIn(one, refreshBefore);
      if (entry) outcomes.set(key, { result: this.serving.fromL2(entry) });
    }
    return outcomes;
  }

  private async loaded(
    keys: readonly string[],
    run: Run,
    { lookup, isLocked }: ManyWay,
  ): Promise<Map<string, CacheResult>> {
    const { time } = this.parts;
    const results = await this.build(keys, run, isLocked);
    const kept = [...results.values()].filter(({ stored }) => stored).map(({ entry }) => entry);
    void this.writer.storeEntries(kept, lookup.failed || run.policy.inProcess);
    for (const [key, result] of results) results.set(key, { ...result, ttl: remainingTtl(result.entry, time.wall()) });
    return results;
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
}

export function runFor(waiters: Waiters, run: Run): Run {
  return { ...run, load: (keys) => waiters.run(() => run.load(keys)) };
}

/** Nodes that lack the same keys take the same lock. */
function lockOf(keys: readonly string[]): string {
  const hash = createHash('sha1').update(JSON.stringify([...keys].sort()));
  return keys.length === 1 ? keys[0]! : `many:${hash.digest('base64url')}`;
}
