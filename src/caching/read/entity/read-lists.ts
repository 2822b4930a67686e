import { LRUCache } from 'lru-cache';
import type { CacheEntry } from '../../core/store/entry';

/** How a list is cached: its count, and the id and place of each row. Without `placeOf` the places are null. */
export type CachedList = readonly [count: number, rows: readonly (readonly [id: string, place: string | null])[]];

/** Lists that are remembered beside L1, which does not count them: with fifty rows each, five megabytes. */
const REMEMBERED = 256;

/** A cached list, ready to be read. */
export class ReadList {
  readonly count: number;
  readonly ids: readonly string[];
  readonly keys: readonly string[];
  private readonly places: readonly (string | null)[];
  /** The rows as they were found in their places last. */
  private seen: readonly (string | null)[] = [];

  constructor(
    readonly entry: CacheEntry,
    [count, rows]: CachedList,
    keyOf: (id: string) => string,
  ) {
    this.count = count;
    this.ids = rows.map(([id]) => id);
    this.places = rows.map(([, place]) => place);
    this.keys = this.ids.map(keyOf);
  }

  /** Whether each row is there and in its place; remembers those that are. Of a row that is as it was, the place is not made again. */
  holds(texts: readonly (string | null)[], placeIn: (text: string) => string | null): texts is readonly string[] {
    const holds = texts.every(
      (text, at) => text !== null && (text === this.seen[at] || placeIn(text) === this.places[at]),
    );
    if (holds) this.seen = texts;
    return holds;
  }
}

/** The lists that were read recently: a page whose row was written is made again with most of the work done. */
export class ReadLists {
  private readonly lists = new LRUCache<string, ReadList>({ max: REMEMBERED });

  constructor(private readonly keyOf: (id: string) => string) {}

  /** @param made what the body of `entry` was made of, where the caller has made it */
  of(entry: CacheEntry, made?: CachedList): ReadList {
    const known = this.lists.get(entry.key);
    if (known?.entry === entry) return known;
    const list = new ReadList(entry, made ?? (JSON.parse(String(entry.body)) as CachedList), this.keyOf);
    this.lists.set(entry.key, list);
    return list;
  }
}
