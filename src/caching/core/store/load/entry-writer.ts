import type { Background } from '../../async/background';
import type { DependencySet } from '../../clock/dependency-tracker';
import { type CacheEntry, compact, keyTag, type Loaded, monoExpiry, overdue } from '../entry';
import { jittered, lasting, type ResolvedPolicy } from '../policy';
import type { StoreParts } from '../store-parts';
import type { L2Access } from '../tiers/l2-access';

/** Builds entries from loaded values and stores them in both tiers. */
export class EntryWriter {
  constructor(
    private readonly parts: StoreParts,
    private readonly l2: L2Access | undefined,
    private readonly background: Background,
  ) {}

  /** @param from the instant before the source was read, and the value's dependencies @param createdAt `Time.wall()` at that instant */
  buildEntry(key: string, policy: ResolvedPolicy, loaded: Loaded, from: DependencySet, createdAt: number): CacheEntry {
    const { clock, random, time } = this.parts;
    const life = lifeOf(loaded, policy);
    // Those that were recorded are texts of the clock already.
    const own = clock.dependencyTexts([keyTag(key), ...policy.tags, ...(loaded.tags ?? [])]);
    const ttl = policy.jitter ? jittered(life, random()) : life;
    const expiresAt = loaded.store === false ? 0 : Math.min(Math.round(createdAt + ttl), from.expiresAt);
    return {
      key,
      body: Buffer.isBuffer(loaded.body) ? compact(loaded.body) : loaded.body,
      tags: [...new Set([...own, ...from.tags])],
      epoch: from.epoch,
      tick: from.tick,
      createdAt,
      expiresAt,
      monoExpiresAt: monoExpiry(expiresAt, time),
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

  /** Stores an entry in L1 at once. Resolves, and never rejects, when L2 has it or has failed. */
  storeEntry(entry: CacheEntry, inL1Only: boolean): Promise<void> {
    return this.storeEntries([entry], inL1Only);
  }

  /** Stores many entries, in L2 in one packet. */
  storeEntries(entries: readonly CacheEntry[], inL1Only: boolean): Promise<void> {
    const { freshness } = this.parts;
    for (const entry of entries) this.storeInL1(entry);
    // An entry that was stamped while it was loaded may be served as grace here, and is useless to other nodes.
    const shared = inL1Only || !this.l2 ? [] : entries.filter((entry) => freshness.isFresh(entry));
    if (!this.l2 || shared.length === 0) return Promise.resolve();
    const [only] = shared;
    const written = only && shared.length === 1 ? this.l2.write(only) : this.l2.writeMany(shared);
    this.background.track(written);
    return written;
  }

  private storeInL1(entry: CacheEntry): void {
    const { l1 } = this.parts;
    const present = l1.peek(entry.key);
    if (!present || present.verifiedAt <= entry.verifiedAt || !this.isCurrent(present)) l1.set(entry);
  }

  /** Whether the present entry is fresh: a slow load must not replace it by an older value. */
  private isCurrent(present: CacheEntry): boolean {
    const { freshness, time } = this.parts;
    return overdue(present, time.wall(), time.mono()) < 0 && freshness.isFresh(present);
  }
}

/** The TTL before jitter, in milliseconds; 0 for a value that has expired already. @throws CacheError `CACHE_OPTIONS` for NaN */
export function lifeOf(loaded: Loaded, policy: ResolvedPolicy): number {
  if (loaded.ttl !== undefined) return lasting('ttl', Math.max(0, loaded.ttl));
  return loaded.body === null ? policy.negativeTtl : policy.ttl;
}
