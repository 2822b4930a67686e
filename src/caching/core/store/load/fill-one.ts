import { isAbandonment } from '../../async/waiters';
import { type CacheEntry, type CacheResult, type Loader, remainingTtl } from '../entry';
import { layerOf } from '../key';
import type { CachePolicy, RefreshBefore, ResolvedPolicy } from '../policy';
import type { Serving } from '../serving';
import type { StoreParts } from '../store-parts';
import { L2_SKIPPED, type L2Access, type L2Lookup } from '../tiers/l2-access';
import { type EntryWriter, lifeOf } from './entry-writer';
import type { FillCoordinator, Release } from './fill-coordinator';
import { rescue } from './grace';
import { runLoad } from './run-load';

/** How a value is loaded. */
interface LoadWay {
  /** The value is stored in L1 only. @default false */
  readonly inL1Only?: boolean;
  /** As of `LoadFacts`. */
  readonly isLocked?: boolean;
  /** What L2 had. @default it was not read */
  readonly lookup?: L2Lookup;
  readonly release?: Release;
}

/** Steps 5 to 8 of the read path in `../../README.md`, for one key that L1 lacks. `FillMany` has them for many. */
export class FillOne {
  constructor(
    private readonly parts: StoreParts,
    private readonly l2: L2Access | undefined,
    private readonly locks: FillCoordinator | undefined,
    private readonly serving: Serving,
    private readonly writer: EntryWriter,
  ) {}

  /** Whether L2 has no part in the value: it belongs to this process, or is assembled and a write made the copy here stale. */
  skipsL2(key: string, { inProcess, isAssembled }: CachePolicy): boolean {
    return inProcess === true || (isAssembled === true && this.isStamped(key));
  }

  /** L2, then the fill lock, then the load. @throws as `load` */
  async fill(
    key: string,
    policy: ResolvedPolicy,
    load: Loader,
    refreshBefore: RefreshBefore = 0,
  ): Promise<CacheResult> {
    const { l2, locks } = this;
    if (!l2 || !locks || this.skipsL2(key, policy)) return this.load(key, policy, load, { inL1Only: true });
    if (policy.comesWithWhole && this.parts.dependencies.current()?.isNew) {
      // The whole brings the part to Redis. Only other nodes need it by itself, after a write.
      return this.load(key, policy, load, { inL1Only: this.parts.isAlone() });
    }
    // While it was alone, nothing but this node wrote to L2: what that has is no newer than the copy here.
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
    return this.load(key, policy, load, { inL1Only: lookup.failed, isLocked: needsLock, lookup, release });
  }

  /** The load, in a span. @throws what `load` throws, when grace has nothing */
  load(key: string, policy: ResolvedPolicy, load: Loader, way: LoadWay = {}): Promise<CacheResult> {
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
    { inL1Only = false, isLocked, lookup = L2_SKIPPED, release }: LoadWay,
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
      if (stored) void this.writer.storeEntry(entry, inL1Only || value.inProcess === true);
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

  /** Whether a write made this process's copy stale. */
  private isStamped(key: string): boolean {
    const copy = this.parts.l1.peek(key);
    return copy !== undefined && this.parts.freshness.isStamped(copy);
  }
}
