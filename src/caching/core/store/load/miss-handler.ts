import { withDeadline } from '../../async/deadline';
import type { DependencySet } from '../../clock/dependency-tracker';
import { tagTexts } from '../../clock/tag-text';
import { Background } from './background';
import {
  type CacheEntry,
  type CacheResult,
  compact,
  monoExpiry,
  keyTag,
  overdue,
  type Loaded,
  type Loader,
  remainingTtl,
} from '../entry';
import { Grace } from './grace';
import { type L2, type L2Lookup, L2_SKIPPED } from '../tiers/l2';
import { layerOf } from '../key';
import { jittered, type ResolvedPolicy } from '../policy';
import type { StoreParts } from '../store-parts';
import { type EarlyRequest, type Release, FillCoordinator } from './fill-coordinator';

/** What happens when L1 cannot answer: L2, then the source, then grace. */
export class MissHandler {
  readonly background = new Background();
  private readonly grace: Grace;
  private readonly coordinator: FillCoordinator;
  private foundLast = true;

  constructor(private readonly parts: StoreParts) {
    this.grace = new Grace(parts);
    this.coordinator = new FillCoordinator(parts, this.background, async (key) => {
      const seen = await this.lookUpL2(key);
      return { entry: this.currentIn(seen), failed: seen.failed };
    });
  }

  /** @param known what L2 has just said */
  async fill(key: string, policy: ResolvedPolicy, load: Loader, known?: L2Lookup): Promise<CacheResult> {
    // Inside another load the turn is that one's: of nodes that want the same whole, one asks for its parts.
    const takesTurns = !this.parts.dependencies.current();
    const { seen, asked } =
      known || policy.inProcess ? { seen: known ?? L2_SKIPPED } : await this.lookAhead(key, takesTurns);
    const found = this.currentIn(seen);
    const isMyTurn = takesTurns && !found && !seen.failed;
    if (asked && !isMyTurn) this.coordinator.cancel(asked);
    if (found) return this.hit(found);
    const turn = isMyTurn ? await this.coordinator.acquireOrWait(key, asked) : {};
    if (turn.filled) return this.hit(turn.filled);
    return this.load(key, policy, load, seen, turn.release);
  }

  /** Where the last look found nothing, this one will hardly find more: so the turn is asked for in the same packet. */
  private async lookAhead(key: string, takesTurns: boolean): Promise<{ seen: L2Lookup; asked?: EarlyRequest }> {
    const looking = this.lookUpL2(key);
    const asked = takesTurns && !this.foundLast ? this.coordinator.requestEarly(key) : undefined;
    const seen = await looking;
    this.foundLast = seen.entry !== undefined;
    return { seen, asked };
  }

  /** Asks the source, whatever is cached, and keeps what it says. */
  load(
    key: string,
    policy: ResolvedPolicy,
    load: Loader,
    seen: L2Lookup = policy.inProcess ? L2_SKIPPED : { failed: false },
    release?: Release,
  ): Promise<CacheResult> {
    return this.parts.tracing.span('cache.load', { 'cache.layer': layerOf(key) }, async (note) => {
      const result = await this.loadFromSource(key, policy, load, seen, release);
      note({ 'cache.outcome': result.outcome, 'cache.stored': result.stored });
      return result;
    });
  }

  private async loadFromSource(
    key: string,
    policy: ResolvedPolicy,
    load: Loader,
    seen: L2Lookup,
    release: Release | undefined,
  ): Promise<CacheResult> {
    const { clock, events, dependencies, time } = this.parts;
    events.emit('miss', key);
    const createdAt = time.wall();
    const startedAt = time.mono();
    const since = clock.instant();
    try {
      // Law 1: `scope.run` takes the tick before it calls the source; so does every background refresh.
      const { value, gathered } = await withDeadline(dependencies.run(load), policy.loadTimeout, `loading ${key}`);
      events.emit('load', key, time.mono() - startedAt, true);
      const entry = this.buildEntry(key, policy, value, gathered, createdAt);
      // A TTL of nothing says the same.
      const stored = value.store !== false && lifeOf(value, policy) > 0;
      if (!stored) this.coordinator.release(release);
      else void this.storeEntry(entry, seen.failed, release);
      const ttl = remainingTtl(entry, time.wall());
      return { entry, outcome: 'miss', tier: 'source', collapsed: false, stored, ttl };
    } catch (error) {
      events.emit('load', key, time.mono() - startedAt, false);
      this.coordinator.release(release);
      return this.grace.rescue(key, seen.entry, { at: startedAt, since }, error);
    }
  }

  /** Keeps an entry in both tiers; resolves, never rejects, when L2 has it or has failed. */
  storeEntry(entry: CacheEntry, skipL2: boolean, release?: Release): Promise<void> {
    const { l1, l2, freshness, events } = this.parts;
    // A slow load must not put an older value in the place of a newer one.
    const present = l1.peek(entry.key);
    if (!present || present.verifiedAt <= entry.verifiedAt || !this.isCurrent(present)) l1.set(entry);
    // One that was stamped while it was loaded may serve grace here; nobody else needs it.
    const worthSharing = l2 && !skipL2 && freshness.isFresh(entry);
    const written = (worthSharing ? l2.write(entry) : Promise.resolve()).catch((error: unknown) =>
      events.emit('storeFailed', 'write', error),
    );
    this.background.track(written);
    // In the same packet: Redis does one after the other. Where it is a cluster, somebody may load once more.
    this.coordinator.release(release);
    return written;
  }

  /** Reads L2 and asks the clock; never rejects. */
  lookUpL2(key: string): Promise<L2Lookup> {
    const { l2, tracing } = this.parts;
    if (!l2) return Promise.resolve({ failed: true });
    return tracing.span('cache.l2.read', { 'cache.layer': layerOf(key) }, async (note) => {
      const seen = await this.readL2(l2, key);
      note({ 'cache.outcome': seen.failed ? 'failed' : this.currentIn(seen) ? 'hit' : 'miss' });
      return seen;
    });
  }

  private async readL2(l2: L2, key: string): Promise<L2Lookup> {
    try {
      return { entry: await l2.read(key), failed: false };
    } catch (error) {
      this.parts.events.emit('storeFailed', 'read', error);
      return { failed: true };
    }
  }

  /** The hit in what was seen, if it is fresh by all that is known by now. */
  currentIn({ entry }: L2Lookup): CacheEntry | undefined {
    return entry && this.isCurrent(entry) ? entry : undefined;
  }

  private isCurrent(entry: CacheEntry): boolean {
    const { time } = this.parts;
    return overdue(entry, time.wall(), time.mono()) < 0 && this.parts.freshness.isFresh(entry);
  }

  hit(entry: CacheEntry): CacheResult {
    this.parts.l1.set(entry);
    this.parts.events.emit('hit', entry.key, 'l2');
    const ttl = remainingTtl(entry, this.parts.time.wall());
    return { entry, outcome: 'hit', tier: 'l2', collapsed: false, stored: true, ttl };
  }

  buildEntry(key: string, policy: ResolvedPolicy, loaded: Loaded, from: DependencySet, createdAt: number): CacheEntry {
    const life = lifeOf(loaded, policy);
    const ttl = policy.jitter ? jittered(life, this.parts.random()) : life;
    const expiresAt = loaded.store === false ? 0 : Math.min(Math.round(createdAt + ttl), from.expiresAt);
    return {
      key,
      body: Buffer.isBuffer(loaded.body) ? compact(loaded.body) : loaded.body,
      tags: tagTexts([keyTag(key), ...policy.tags, ...(loaded.tags ?? []), ...from.tags]),
      epoch: from.epoch,
      tick: from.tick,
      createdAt,
      expiresAt,
      monoExpiresAt: monoExpiry(expiresAt, this.parts.time),
      swrMs: policy.staleWhileRevalidate,
      graceMs: policy.grace,
      localTick: from.localTick,
      verifiedAt: from.verifiedAt,
      verifiedAtVersion: -1,
      isInvalidated: false,
      failure: undefined,
      variants: undefined,
    };
  }
}

/** The TTL before jitter. */
function lifeOf(loaded: Loaded, policy: ResolvedPolicy): number {
  return loaded.ttl ?? (loaded.body === null ? policy.negativeTtl : policy.ttl);
}
