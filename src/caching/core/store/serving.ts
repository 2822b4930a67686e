import { type CacheEntry, type CacheResult, foundIn, overdue } from './entry';
import type { ReadSnapshot, Verdict } from './freshness';
import type { StoreParts } from './store-parts';

/** Serves an entry: emits the event, builds the result, and records the dependency of the enclosing load. */
export class Serving {
  private lastFromL2: CacheEntry | undefined;

  constructor(private readonly parts: StoreParts) {}

  /** The result that may be served without loading, if there is one. */
  byVerdict(entry: CacheEntry, verdict: Verdict, snapshot: ReadSnapshot): CacheResult | undefined {
    this.noteInvalidation(entry, verdict);
    switch (verdict) {
      case 'fresh':
        return this.serve(entry, 'hit', snapshot);
      case 'refresh': {
        const isLate = overdue(entry, this.parts.time.wall(), snapshot.at) >= 0;
        return this.serve(entry, isLate ? 'stale' : 'hit', snapshot);
      }
      case 'backing-off':
        return this.serve(entry, 'grace', snapshot);
      case 'dead':
        this.parts.l1.delete(entry.key, entry.isInvalidated ? 'tag' : 'ttl');
        return undefined;
      case 'revalidate':
      case 'fallback':
        return undefined;
      default:
        return verdict satisfies never;
    }
  }

  serve(entry: CacheEntry, outcome: 'hit' | 'stale' | 'grace', snapshot: ReadSnapshot): CacheResult {
    const { events, time } = this.parts;
    if (outcome === 'hit') events.emit('hit', entry.key, 'l1');
    else if (outcome === 'stale') events.emit('stale', entry.key);
    else events.emit('grace', entry.key, entry.failure);
    this.record(entry, snapshot, outcome === 'grace');
    return foundIn('l1', entry, time.wall(), outcome);
  }

  /** Serves many fresh entries of L1. */
  serveAll(entries: readonly CacheEntry[], snapshot: ReadSnapshot): CacheResult[] {
    const { dependencies, events, time } = this.parts;
    for (const { key } of entries) events.emit('hit', key, 'l1');
    const wall = time.wall();
    if (dependencies.isRecording()) this.recordAll(entries, snapshot, wall);
    return entries.map((entry) => foundIn('l1', entry, wall));
  }

  /** Serves an L2 hit and copies the entry into L1: once for all callers that share the lookup. */
  fromL2(entry: CacheEntry): CacheResult {
    if (this.lastFromL2 !== entry) this.parts.l1.set(entry);
    this.lastFromL2 = entry;
    this.parts.events.emit('hit', entry.key, 'l2');
    return foundIn('l2', entry, this.parts.time.wall());
  }

  /** Reports once that an entry was found stamped. The entry stays in L1 for grace. */
  noteInvalidation(entry: CacheEntry, verdict: Verdict): void {
    if (verdict === 'fresh' || entry.isInvalidated || this.parts.freshness.isFresh(entry)) return;
    entry.isInvalidated = true;
    if (verdict !== 'dead') this.parts.events.emit('evicted', entry.key, 'tag');
  }

  recorded(result: CacheResult, snapshot: ReadSnapshot): CacheResult {
    this.record(result.entry, snapshot, result.outcome === 'grace');
    return result;
  }

  /** As `record` of each of them. They are fresh, so all count as read now. */
  private recordAll(entries: readonly CacheEntry[], snapshot: ReadSnapshot, wall: number): void {
    const { clock, dependencies, freshness, time } = this.parts;
    const mono = time.mono();
    const tags: string[] = [];
    let [expiresAt, verifiedAt] = [Infinity, Infinity];
    for (const entry of entries) {
      for (const tag of entry.tags) tags.push(tag);
      expiresAt = Math.min(expiresAt, wall - overdue(entry, wall, mono));
      verifiedAt = Math.min(verifiedAt, freshness.verifiedAt(entry, snapshot));
    }
    dependencies.record({ ...clock.instant(), tags, expiresAt, verifiedAt });
  }

  /** Law 2: the value whose load reads this entry depends on it. */
  record(entry: CacheEntry, snapshot: ReadSnapshot, fromGrace = false): void {
    const { clock, dependencies, freshness, time } = this.parts;
    if (!dependencies.isRecording()) return;
    const { tags } = entry;
    // A fresh part counts as read now. With its own older tick, a stamp of another part would make the whole stale.
    const { epoch, tick, localTick } = freshness.isFresh(entry) ? clock.instant() : entry;
    const wall = time.wall();
    const expiresAt = wall - overdue(entry, wall, time.mono());
    const verifiedAt = freshness.verifiedAt(entry, snapshot);
    const staleSince = fromGrace ? entry.createdAt : undefined;
    dependencies.record({ epoch, tick, localTick, tags, expiresAt, verifiedAt, staleSince });
  }
}
