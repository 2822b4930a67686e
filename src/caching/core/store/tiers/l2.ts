import type { CacheEventBus } from '../../../caching.events';
import type { RedisClient } from '../../redis/client';
import type { TagClock } from '../../clock/tag-clock';
import type { Time } from '../../async/time';
import { decodeEntry, encodeEntry } from './entry-codec';
import { type CacheEntry, maxStaleMs, overdue } from '../entry';
import type { ReadableEntries } from '../readable';
import { LargeValues } from './large-values';
import { RedisYet, type StoredRecord } from './redis-yet';
import type { Seal } from './seal';

/** The shared tier. Every method may reject; `L2Access` handles the failures. */
export interface L2 {
  /**
   * Reads an entry and queries the clock, so that freshness is exact. Undefined: no entry, or not one this cache wrote.
   * @param expectsHit query the clock in the same round trip. A miss does not need the clock
   */
  read(key: string, expectsHit?: boolean): Promise<CacheEntry | undefined>;
  /** Reads many entries in one round trip, which queries the clock as well. Keys without an entry are left out. */
  readMany(keys: readonly string[]): Promise<Map<string, CacheEntry>>;
  write(entry: CacheEntry): Promise<void>;
  /** Writes many entries in one packet. */
  writeMany(entries: readonly CacheEntry[]): Promise<void>;
  delete(key: string): Promise<void>;
  /** Deletes every entry by cursor, never by FLUSHDB: other programs may use the same database. */
  clear(): Promise<void>;
  /** One step of a scan: some keys, and the cursor of the next step. Start with '0:0'. */
  scan(keyPrefix: string, cursor: string, count: number): Promise<{ keys: string[]; next?: string }>;
}

export class RedisL2 implements L2 {
  private readonly redis: LargeValues;
  private readonly own: string;

  constructor(
    private readonly link: RedisClient,
    private readonly prefix: string,
    private readonly clock: TagClock,
    private readonly seal: Seal,
    private readonly events: CacheEventBus,
    private readonly time: Time,
    private readonly readable: ReadableEntries,
    application = '',
  ) {
    this.own = `${prefix}:entry:${application && `${application}:`}`;
    this.redis = new LargeValues(new RedisYet(link), link, `${prefix}:part:`);
  }

  async read(key: string, expectsHit = true): Promise<CacheEntry | undefined> {
    const verifiedAt = this.time.mono();
    const found = this.redis.get(this.own + key);
    const asked = expectsHit ? this.clock.now() : undefined;
    asked?.catch(() => undefined);
    const record = await found;
    if (!record) return undefined;
    const entry = this.decode(key, record, verifiedAt);
    if (!entry) return this.drop(key);
    await (asked ?? this.clock.now());
    return entry;
  }

  async readMany(keys: readonly string[]): Promise<Map<string, CacheEntry>> {
    const verifiedAt = this.time.mono();
    const [records] = await Promise.all([this.redis.getMany(keys.map((key) => this.own + key)), this.clock.now()]);
    const entries = new Map<string, CacheEntry>();
    keys.forEach((key, at) => {
      const record = records[at];
      const entry = record && this.decode(key, record, verifiedAt);
      if (entry) entries.set(key, entry);
      else if (record) this.drop(key);
    });
    return entries;
  }

  async writeMany(entries: readonly CacheEntry[]): Promise<void> {
    await Promise.all(entries.map((entry) => this.write(entry)));
  }

  async write(entry: CacheEntry): Promise<void> {
    const ttl = maxStaleMs(entry) - overdue(entry, this.time.wall(), this.time.mono());
    if (ttl > 0) await this.redis.set(this.own + entry.key, encodeEntry(entry, this.seal), Math.ceil(ttl));
  }

  private decode(key: string, record: StoredRecord<Buffer>, verifiedAt: number): CacheEntry | undefined {
    const entry = decodeEntry(key, record, this.seal, verifiedAt, this.time);
    return entry && this.readable.has(entry) ? entry : undefined;
  }

  /** Deletes a value that is not a valid entry; otherwise every reader would decode it again. */
  private drop(key: string): undefined {
    this.events.emit('foreign', 'entry', key);
    this.delete(key).catch((error: unknown) => this.events.emit('storeFailed', 'delete', error));
  }

  async delete(key: string): Promise<void> {
    await this.redis.delete(this.own + key);
  }

  async clear(): Promise<void> {
    // Entries of all applications under the prefix: the new epoch has made them stale.
    await this.deleteAll(`${this.prefix}:entry:`);
    await this.deleteAll(`${this.prefix}:part:`);
  }

  private async deleteAll(prefix: string): Promise<void> {
    let cursor: string | undefined = '0:0';
    while (cursor !== undefined) {
      const { keys, next }: { keys: string[]; next?: string } = await this.link.scan(
        `${escapeGlob(prefix)}*`,
        cursor,
        1_000,
      );
      await Promise.all(keys.map((key) => this.redis.delete(key)));
      cursor = next;
    }
  }

  async scan(keyPrefix: string, cursor: string, count: number): Promise<{ keys: string[]; next?: string }> {
    const { keys, next } = await this.link.scan(`${escapeGlob(this.own + keyPrefix)}*`, cursor, count);
    return { keys: keys.map((key) => key.slice(this.own.length)), next };
  }
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}
