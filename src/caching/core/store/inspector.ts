import { CacheError } from '../../caching.errors';
import type { StaleReason, TagClock } from '../clock/tag-clock';
import type { Time } from '../async/time';
import { type CacheEntry, overdue, publicTags, remainingTtl, type Tier } from './entry';
import { type L1, weigh } from './tiers/l1';
import type { L2 } from './tiers/l2';

/** One entry, as the admin API shows it. */
export interface EntryInfo {
  readonly key: string;
  readonly tiers: readonly Tier[];
  readonly tags: readonly string[];
  readonly epoch: string;
  readonly tick: number;
  /** Estimated bytes on the heap, variants included. */
  readonly bytes: number;
  /** Wall clock in ms. */
  readonly createdAt: number;
  /** Remaining TTL in seconds, negative past it. */
  readonly ttl: number;
  /** Whether the entry would be served as fresh. */
  readonly fresh: boolean;
  /** The stamp, epoch or floor that made the entry stale. */
  readonly staleBecause?: StaleReason;
}

export interface EntryQuery {
  /** Entries whose key starts with this. */
  readonly prefix?: string;
  /** Entries that carry this tag. */
  readonly tag?: string;
  /** The cursor of the previous page. */
  readonly cursor?: string;
  /** About how many entries are scanned for a page. @default 100 */
  readonly limit?: number;
}

export interface EntryPage {
  readonly entries: readonly EntryInfo[];
  /** Undefined on the last page. */
  readonly cursor?: string;
}

/** The first cursor of L2. Cursors of L1 are plain numbers. */
const L2_START = '0:0';

/** Lists both tiers without changing them: first the entries of L1, then those that only L2 has. */
export class Inspector {
  constructor(
    private readonly l1: L1,
    private readonly l2: L2 | undefined,
    private readonly clock: TagClock,
    private readonly time: Time,
  ) {}

  /** The entry of `key`, or undefined when neither tier has it. Never rejects. */
  async entry(key: string): Promise<EntryInfo | undefined> {
    const near = this.l1.peek(key);
    const far = await this.l2?.read(key).catch(() => undefined);
    const entry = near ?? far;
    return entry && this.describe(entry, [...(near ? (['l1'] as const) : []), ...(far ? (['l2'] as const) : [])]);
  }

  /** One page of entries. As with SCAN, a page may be short or empty although a cursor follows. @throws CacheError when L2 cannot be read */
  async entries({ prefix = '', tag, cursor = '0', limit = 100 }: EntryQuery = {}): Promise<EntryPage> {
    if (!/^\d{1,15}(:\d{1,20})?$/.test(cursor)) throw new CacheError('CACHE_OPTIONS', `no such cursor: "${cursor}"`);
    const found = cursor.includes(':') ? await this.inL2(prefix, cursor, limit) : this.inL1(prefix, cursor, limit);
    const entries = tag === undefined ? found.entries : found.entries.filter((entry) => entry.tags.includes(tag));
    return { entries, cursor: found.cursor };
  }

  private inL1(prefix: string, cursor: string, limit: number): EntryPage {
    const from = Number(cursor);
    const entries: EntryInfo[] = [];
    let index = 0;
    for (const entry of this.l1.values()) {
      if (index >= from + limit) return { entries, cursor: String(index) };
      if (index >= from && entry.key.startsWith(prefix)) entries.push(this.describe(entry, ['l1']));
      index += 1;
    }
    return { entries, cursor: this.l2 && L2_START };
  }

  private async inL2(prefix: string, cursor: string, limit: number): Promise<EntryPage> {
    const { l2 } = this;
    if (!l2) return { entries: [] };
    const page = await l2.scan(prefix, cursor, limit);
    const onlyThere = page.keys.filter((key) => this.l1.peek(key) === undefined);
    const read = await Promise.all(onlyThere.map((key) => l2.read(key)));
    const entries = read.filter((entry) => entry !== undefined).map((entry) => this.describe(entry, ['l2']));
    return { entries, cursor: page.next };
  }

  private describe(entry: CacheEntry, tiers: readonly Tier[]): EntryInfo {
    const { key, epoch, tick, createdAt } = entry;
    const staleBecause = this.clock.staleBecause(entry, entry.tags);
    const wall = this.time.wall();
    const fresh = staleBecause === undefined && overdue(entry, wall, this.time.mono()) < 0;
    const ttl = remainingTtl(entry, wall);
    return {
      key,
      tiers,
      tags: publicTags(entry.tags),
      epoch,
      tick,
      bytes: weigh(entry),
      createdAt,
      ttl,
      fresh,
      staleBecause,
    };
  }
}
