import type { StoreParts } from '../store-parts';
import type { CacheEntry } from '../entry';
import type { ReadSnapshot } from '../freshness';
import { layerOf } from '../key';
import type { RefreshBefore } from '../policy';
import type { L2 } from './l2';

/** The result of one read of L2. */
export interface L2Lookup {
  readonly entry?: CacheEntry;
  /** What the clock proved in the same round trip. */
  readonly snapshot?: ReadSnapshot;
  /** Redis or the clock did not reply: this request does not use L2 again. */
  readonly failed: boolean;
}

/** The result of one read of many keys. */
export interface L2ManyLookup {
  readonly entries: ReadonlyMap<string, CacheEntry>;
  readonly snapshot?: ReadSnapshot;
  readonly failed: boolean;
}

/** No lookup: L2 was not read, or did not reply. */
export const L2_SKIPPED: L2Lookup = { failed: true };

/**
 * L2 for requests: coalesces reads of a key, and measures every call. No method rejects: a failure is emitted as
 * `storeFailed`, and the request continues without L2.
 */
export class L2Access {
  private readonly lookups = new Map<string, Promise<L2Lookup>>();
  /** Keys of lookups that ended in this event-loop turn. */
  private readonly ended: string[] = [];
  /**
   * Predicts the next read from the last one. After a hit the clock is queried in the round trip of the GET; after a miss
   * the fill lock is requested in it.
   */
  expectsHit = true;

  constructor(
    private readonly l2: L2,
    private readonly parts: Pick<StoreParts, 'events' | 'time' | 'tracing' | 'freshness'>,
  ) {}

  /**
   * Reads an entry and queries the clock. All callers share a lookup until the event-loop turn of its reply ends, so a
   * request that missed can call `getOrLoad` without a second GET. In strict mode each caller has its own lookup.
   */
  lookUp(key: string): Promise<L2Lookup> {
    if (this.parts.freshness.strict) return this.read(key);
    const running = this.lookups.get(key);
    if (running) return running;
    const lookup = this.read(key);
    this.lookups.set(key, lookup);
    return lookup;
  }

  /** Drops a lookup after this turn. One immediate serves all lookups of a turn; one for each would be slow. */
  private forgetSoon(key: string): void {
    if (this.ended.push(key) > 1) return;
    setImmediate(() => {
      for (const ended of this.ended) this.lookups.delete(ended);
      this.ended.length = 0;
    });
  }

  /** The entry of a lookup, if it is fresh by what this node knows now. */
  freshIn({ entry, snapshot }: L2Lookup, refreshBefore?: RefreshBefore): CacheEntry | undefined {
    const isFresh = entry && snapshot && this.parts.freshness.judge(entry, snapshot, refreshBefore) === 'fresh';
    return isFresh ? entry : undefined;
  }

  /** Reads many entries by one MGET and queries the clock in the same round trip. */
  async lookUpMany(keys: readonly string[]): Promise<L2ManyLookup> {
    const { events, freshness, time, tracing } = this.parts;
    return tracing.span(
      'cache.l2.read',
      { 'cache.layer': layerOf(keys[0]!), 'cache.keys': keys.length },
      async (note) => {
        const arrival = freshness.snapshot();
        try {
          const entries = await this.l2.readMany(keys);
          note({ 'cache.found': entries.size });
          return { entries, snapshot: freshness.confirmedSince(arrival), failed: false };
        } catch (error) {
          events.emit('storeFailed', 'read', error);
          note({ 'cache.outcome': 'failed' });
          return { entries: new Map<string, CacheEntry>(), failed: true };
        } finally {
          events.emit('l2', 'read', time.mono() - arrival.at);
        }
      },
    );
  }

  write(entry: CacheEntry): Promise<void> {
    return this.reported('write', () => this.l2.write(entry));
  }

  /** Writes many entries in one packet. */
  writeMany(entries: readonly CacheEntry[]): Promise<void> {
    return this.reported('write', () => this.l2.writeMany(entries));
  }

  delete(key: string): Promise<void> {
    return this.reported('delete', () => this.l2.delete(key));
  }

  clear(): Promise<void> {
    return this.l2.clear().catch((error: unknown) => this.parts.events.emit('storeFailed', 'delete', error));
  }

  private read(key: string): Promise<L2Lookup> {
    const { events, freshness, time, tracing } = this.parts;
    return tracing.span('cache.l2.read', { 'cache.layer': layerOf(key) }, async (note) => {
      const arrival = freshness.snapshot();
      try {
        const entry = await this.l2.read(key, this.expectsHit);
        this.expectsHit = entry !== undefined;
        const lookup = { entry, snapshot: freshness.confirmedSince(arrival), failed: false };
        note({ 'cache.outcome': this.freshIn(lookup) ? 'hit' : 'miss' });
        return lookup;
      } catch (error) {
        this.expectsHit = false;
        events.emit('storeFailed', 'read', error);
        note({ 'cache.outcome': 'failed' });
        return L2_SKIPPED;
      } finally {
        events.emit('l2', 'read', time.mono() - arrival.at);
        if (!freshness.strict) this.forgetSoon(key);
      }
    });
  }

  private async reported(operation: 'write' | 'delete', call: () => Promise<void>): Promise<void> {
    const { events, time } = this.parts;
    const began = time.mono();
    try {
      await call();
    } catch (error) {
      events.emit('storeFailed', operation, error);
    } finally {
      events.emit('l2', operation, time.mono() - began);
    }
  }
}
