import { toUSVString } from 'node:util';
import { CacheError } from '../../caching.errors';
import type { Instant } from '../clock/tag-clock';
import { DependencySet, type DependencyTracker } from '../clock/dependency-tracker';
import {
  type Body,
  type CacheEntry,
  type CacheResult,
  maxStaleMs,
  keyTag,
  type Loader,
  overdue,
  remainingTtl,
} from './entry';
import { Invalidator, type InvalidationListener } from './invalidator';
import { MissHandler } from './load/miss-handler';
import type { L2Lookup } from './tiers/l2';
import type { ReadSnapshot } from './freshness';
import { Grace } from './load/grace';
import { type CachePolicy, type ResolvedPolicy, resolvePolicy } from './policy';
import { CoalescedLoads } from './load/coalesced-loads';
import type { StoreParts } from './store-parts';

/**
 * L1 → L2 → load → fill, kept right by the tag clock. README.md tells the read path step by step.
 * Nothing here rejects because Redis is ill: only a load's own error is thrown, and only when grace has nothing.
 */
export class TieredStore {
  private readonly misses: MissHandler;
  private readonly loads: CoalescedLoads;
  private readonly grace: Grace;
  private readonly invalidator: Invalidator;

  constructor(private readonly parts: StoreParts) {
    this.misses = new MissHandler(parts);
    this.loads = new CoalescedLoads(parts, this.misses);
    this.grace = new Grace(parts);
    this.invalidator = new Invalidator(parts);
  }

  get scope(): DependencyTracker {
    return this.parts.dependencies;
  }

  /**
   * The fresh L1 entry, found without a promise or the network; undefined means "ask getOrLoad", as it always does
   * in strict mode. Counts as a hit and tells the enclosing scope.
   */
  peek(key: string): CacheEntry | undefined {
    const { l1, freshness, events, time } = this.parts;
    if (freshness.strict) return undefined;
    const entry = l1.get(key);
    if (entry === undefined) return undefined;
    const arrival = freshness.snapshot();
    if (overdue(entry, time.wall(), arrival.at) >= 0 || !freshness.mayServe(entry, arrival)) return undefined;
    this.record(entry, arrival);
    events.emit('hit', key, 'l1');
    return entry;
  }

  /** What L2 has; undefined where there is no use in asking it before `getOrLoad`. Never rejects. */
  look(key: string): Promise<L2Lookup> | undefined {
    const { l2, freshness } = this.parts;
    return !l2 || freshness.strict || this.loads.isRunning(key) ? undefined : this.misses.lookUpL2(key);
  }

  /** The hit in what was seen, if it is fresh by all that is known by now. */
  take(seen: L2Lookup): CacheResult | undefined {
    const entry = this.misses.currentIn(seen);
    return entry && this.misses.hit(entry);
  }

  /**
   * The value of `key`, from the nearest tier that may serve it, or loaded.
   * @param seen what L2 has just said, so that it need not be asked
   * @throws what `load` throws, when there is no grace; CacheError `CACHE_KEY`
   */
  async getOrLoad(key: string, policy: CachePolicy, load: Loader, seen?: L2Lookup): Promise<CacheResult> {
    const quick = this.peek(key);
    if (quick) return this.hit(quick);
    refuseIfAmbiguous(key);
    const arrival = await this.takeSnapshot(key);
    const kept = this.fromL1(key, arrival);
    if (kept?.outcome === 'stale') this.loads.refresh(kept.entry, arrival, this.resolve(policy), load);
    return kept
      ? this.serve(kept, arrival)
      : this.recorded(await this.loads.join(key, this.resolve(policy), load, arrival, seen), arrival);
  }

  /** The fresh value, or undefined; never loads, so it serves nothing that would have to be refreshed. */
  async get(key: string): Promise<CacheResult | undefined> {
    const quick = this.peek(key);
    if (quick) return this.hit(quick);
    const arrival = await this.takeSnapshot(key);
    const kept = this.fromL1(key, arrival);
    if (kept?.outcome === 'hit') return this.serve(kept, arrival);
    const found = this.take(await this.misses.lookUpL2(key));
    return found && this.recorded(found, arrival);
  }

  /**
   * Puts a value in the place of what is there, on every node: the key's own tag is stamped first, and the value
   * counts as read at the instant of that very stamp. So of two that set at once, the later stamp wins everywhere.
   * With the clock away it is kept here only, for as long as an unconfirmed entry may be, and gone when it is back.
   */
  async set(key: string, body: Body, policy: CachePolicy): Promise<void> {
    refuseIfAmbiguous(key);
    const { clock, time } = this.parts;
    const at = time.mono();
    const stamped = await clock.stamp([keyTag(key)]).catch(() => undefined);
    const from = new DependencySet(stamped ?? clock.instant(), at);
    const resolved = this.resolve(policy);
    const entry = this.misses.buildEntry(key, resolved, { body }, from, time.wall());
    await this.misses.storeEntry(entry, resolved.inProcess || stamped === undefined);
  }

  /** Forgets one key on every node. @throws CacheError `CACHE_STAMP_FAILED` when the others could not be told */
  delete(key: string): Promise<void> {
    return this.invalidator.delete(key);
  }

  /** Law 4. @throws CacheError `CACHE_STAMP_FAILED`: stamp again; this process already obeys */
  evict(tags: readonly string[]): Promise<Instant | undefined> {
    return this.invalidator.evict(tags);
  }

  /** Everything under this prefix, on every node, at once. @throws what the clock throws; this process obeys all the same */
  clear(): Promise<void> {
    return this.invalidator.clear();
  }

  /** Has somebody outside hear of what is evicted here. @see Invalidator.onInvalidate */
  onInvalidate(hook: InvalidationListener): void {
    this.invalidator.onInvalidate(hook);
  }

  /** Law 3, by what this process knows now. */
  isFresh(entry: CacheEntry): boolean {
    return this.parts.freshness.isFresh(entry);
  }

  /** Derived bytes kept beside an entry (its gzip), counted in its weight, gone with it. */
  addVariant(entry: CacheEntry, name: string, bytes: Buffer): void {
    this.parts.l1.addVariant(entry, name, bytes);
  }

  /** Resolves when no fill or refresh is running: for shutdown and tests. */
  idle(): Promise<void> {
    return this.misses.background.idle();
  }

  /** What the reader knows on arrival. In strict mode the clock is asked, unless there is nothing to judge by it. */
  private async takeSnapshot(key: string): Promise<ReadSnapshot> {
    const { freshness, l1 } = this.parts;
    const judges = freshness.strict && (l1.peek(key) !== undefined || this.loads.isRunning(key));
    return judges ? freshness.snapshotFromClock() : freshness.snapshot();
  }

  /** What L1 has to offer; whoever takes it says so with `serve`. */
  private fromL1(key: string, arrival: ReadSnapshot): CacheResult | undefined {
    const { l1, freshness, time, events } = this.parts;
    const entry = l1.get(key);
    if (!entry) return undefined;
    const late = overdue(entry, time.wall(), time.mono());
    if (late >= maxStaleMs(entry)) {
      l1.delete(key, 'ttl');
      return undefined;
    }
    if (freshness.mayServe(entry, arrival)) {
      if (late < 0) return this.hit(entry);
      if (late < entry.swrMs) return { ...this.hit(entry), outcome: 'stale' };
    } else if (!entry.isInvalidated && !freshness.isFresh(entry)) {
      entry.isInvalidated = true;
      events.emit('evicted', key, 'tag');
    }
    if (!this.grace.isWithin(entry) || !freshness.mayRest(entry, arrival)) return undefined;
    return this.grace.result(entry);
  }

  private serve(kept: CacheResult, arrival: ReadSnapshot): CacheResult {
    const { key, failure } = kept.entry;
    if (kept.outcome === 'stale') this.parts.events.emit('stale', key);
    else if (kept.outcome === 'grace') this.parts.events.emit('grace', key, failure);
    else this.parts.events.emit('hit', key, 'l1');
    return this.recorded(kept, arrival);
  }

  /** How an entry that `peek` gave was found. */
  hit(entry: CacheEntry): CacheResult {
    const ttl = remainingTtl(entry, this.parts.time.wall());
    return { entry, outcome: 'hit', tier: 'l1', collapsed: false, stored: true, ttl };
  }

  /** Law 2: whoever is being served may be building something that is cached as well. */
  private recorded(result: CacheResult, arrival: ReadSnapshot): CacheResult {
    this.record(result.entry, arrival, result.outcome === 'grace');
    return result;
  }

  private record(entry: CacheEntry, arrival: ReadSnapshot, fromGrace = false): void {
    const { clock, dependencies, freshness, time } = this.parts;
    if (!dependencies.current()) return;
    const { tags } = entry;
    // What is fresh now would be no other if it were read now; with its own tick, whatever was stamped since for other parts would kill the whole.
    const { epoch, tick, localTick } = freshness.isFresh(entry) ? clock.instant() : entry;
    const wall = time.wall();
    const expiresAt = wall - overdue(entry, wall, time.mono());
    dependencies.record({
      epoch,
      tick,
      localTick,
      tags,
      expiresAt,
      verifiedAt: freshness.verifiedAt(entry, arrival),
      fromGrace,
    });
  }

  private resolve(policy: CachePolicy): ResolvedPolicy {
    return resolvePolicy(policy, this.parts.defaults);
  }
}

/** A lone surrogate does not survive UTF-8: in L2 two such keys would be one, and one caller's value the other's. */
function refuseIfAmbiguous(key: string): void {
  if (toUSVString(key) !== key) throw new CacheError('CACHE_KEY', `a key has a lone surrogate: ${JSON.stringify(key)}`);
}
