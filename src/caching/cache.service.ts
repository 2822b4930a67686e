import { Inject, Injectable } from '@nestjs/common';
import { CACHE_STACK } from './caching.tokens';
import type { CacheStack } from './core/cache-stack';
import type { CacheEntry, CacheResult, Loader } from './core/store/entry';
import type { EntryInfo, EntryPage, EntryQuery } from './core/store/inspector';
import type { CachePolicy } from './core/store/policy';

/** The cache, as application code that wants no decorator uses it. */
@Injectable()
export class CacheService {
  constructor(@Inject(CACHE_STACK) private readonly stack: CacheStack) {}

  /** The value of `key`, cached or loaded. @throws what `load` throws, when no older value may stand in for it */
  getOrLoad(key: string, policy: CachePolicy, load: Loader): Promise<CacheResult> {
    return this.stack.store.getOrLoad(key, policy, load);
  }

  /** The fresh entry of this process, without a promise; undefined means: ask `getOrLoad`. */
  peek(key: string): CacheEntry | undefined {
    return this.stack.store.peek(key);
  }

  /** Keeps derived bytes (gzip) beside an entry of this process. */
  addVariant(entry: CacheEntry, name: string, bytes: Buffer): void {
    this.stack.store.addVariant(entry, name, bytes);
  }

  /** Call it after the commit. @throws CacheError `CACHE_STAMP_FAILED`: the change is not yet known elsewhere, evict again */
  async evict(tags: readonly string[]): Promise<void> {
    await this.stack.store.invalidate(tags);
  }

  /** Forgets one key everywhere. @throws CacheError `CACHE_STAMP_FAILED` */
  delete(key: string): Promise<void> {
    return this.stack.store.delete(key);
  }

  /** Forgets everything under the prefix, everywhere. @throws CacheError when Redis cannot be told */
  clear(): Promise<void> {
    return this.stack.store.clear();
  }

  /** Tells the value being built around this call that it depends on `tags`. */
  addTags(tags: Iterable<string>): void {
    this.stack.dependencies.addTags(tags);
  }

  /** Runs before the clock is trusted again after it was away: drain what could not be stamped meanwhile. */
  beforeTrust(hook: () => Promise<void>): void {
    this.stack.clock.beforeTrust(hook);
  }

  entry(key: string): Promise<EntryInfo | undefined> {
    return this.stack.inspector.entry(key);
  }

  entries(query: EntryQuery): Promise<EntryPage> {
    return this.stack.inspector.entries(query);
  }
}
