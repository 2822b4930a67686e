import { LRUCache } from 'lru-cache';
import type { CacheEventBus, EvictionReason } from '../../../caching.events';
import { type CacheEntry, compact } from '../entry';

/** Bytes on the heap beside strings and buffers, measured on Node 20: the entry, its numbers, its slot in the LRU. */
const ENTRY_OVERHEAD = 420;
const STRING_OVERHEAD = 24;
const BUFFER_OVERHEAD = 180;

/** The tier in this process: an LRU cache bounded in bytes. */
export class L1 {
  private readonly entries: LRUCache<string, CacheEntry>;

  constructor(
    maxBytes: number,
    private readonly events: CacheEventBus,
  ) {
    this.entries = new LRUCache<string, CacheEntry>({
      maxSize: maxBytes,
      sizeCalculation: weigh,
      dispose: (_entry, key, reason) => {
        if (reason === 'evict') this.events.emit('evicted', key, 'capacity');
      },
    });
  }

  /** Estimated bytes of all entries, see `weigh`. */
  get bytes(): number {
    return this.entries.calculatedSize;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): CacheEntry | undefined {
    return this.entries.get(key);
  }

  /** As `get`, but does not count as a use. */
  peek(key: string): CacheEntry | undefined {
    return this.entries.peek(key);
  }

  set(entry: CacheEntry): void {
    this.entries.set(entry.key, entry);
  }

  /** Stores derived bytes beside the body of `entry` and counts them, unless the entry was evicted or replaced. */
  addVariant(entry: CacheEntry, name: string, bytes: Buffer): void {
    if (this.entries.peek(entry.key) !== entry) return;
    const variants = (entry.variants ??= new Map<string, Buffer>());
    variants.set(name, compact(bytes));
    // Setting the same object would not compute its size again.
    this.entries.delete(entry.key);
    this.entries.set(entry.key, entry);
  }

  delete(key: string, reason: EvictionReason): void {
    if (this.entries.delete(key)) this.events.emit('evicted', key, reason);
  }

  clear(): void {
    this.entries.clear();
  }

  /** Most recently used first. */
  values(): Generator<CacheEntry> {
    return this.entries.values();
  }
}

/** Estimated bytes of an entry on the heap. */
export function weigh(entry: CacheEntry): number {
  let bytes = ENTRY_OVERHEAD + stringBytes(entry.key) + bodyBytes(entry.body);
  for (const tag of entry.tags) bytes += 8 + stringBytes(tag);
  if (entry.variants) for (const variant of entry.variants.values()) bytes += BUFFER_OVERHEAD + variant.length;
  return bytes;
}

function bodyBytes(body: CacheEntry['body']): number {
  if (body === null) return 0;
  return typeof body === 'string' ? stringBytes(body) : BUFFER_OVERHEAD + body.length;
}

/** V8 stores a Latin-1 string in one byte a character, others in two. Not ASCII: assume two. */
function stringBytes(text: string): number {
  const ascii = Buffer.byteLength(text) === text.length;
  return STRING_OVERHEAD + (ascii ? text.length : 2 * text.length);
}
