import type { CacheEntry } from './entry';

/** Throws, or returns false, for an entry that its readers cannot use. */
export type EntryCheck = (entry: CacheEntry) => unknown;

/**
 * What readers require of an entry that comes from Redis. A valid seal does not make it readable: another program, or another
 * release, may have sealed a body that this one cannot decode. Such an entry is a miss.
 */
export class ReadableEntries {
  private readonly checks = new Map<string, EntryCheck>();

  /** Every entry whose key begins with `prefix` has to pass `check`, beside those of shorter prefixes that were required before. */
  require(prefix: string, check: EntryCheck): void {
    this.checks.set(prefix, check);
  }

  has(entry: CacheEntry): boolean {
    try {
      for (const [prefix, check] of this.checks) {
        if (entry.key.startsWith(prefix) && check(entry) === false) return false;
      }
      return true;
    } catch {
      return false;
    }
  }
}
