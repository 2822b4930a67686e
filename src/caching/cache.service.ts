import { Inject, Injectable } from '@nestjs/common';
import { CACHE_STACK } from './caching.tokens';
import type { CacheStack } from './core/cache-stack';
import type { CacheEntry, CacheResult, Loader, LoadMany } from './core/store/entry';
import { refuseIfReserved } from './core/store/key';
import type { EntryInfo, EntryPage, EntryQuery } from './core/store/inspector';
import { EntityCache } from './read/entity/entity-cache';
import type { SelectRows } from './read/entity/row-list';
import type { CachePolicy, ManyPolicy } from './core/store/policy';

/** The cache for application code that uses no decorator. */
@Injectable()
export class CacheService {
  constructor(@Inject(CACHE_STACK) private readonly stack: CacheStack) {}

  /**
   * The value of `key`, cached or loaded.
   * @throws what `load` throws, when grace has no older value to serve; CacheError `CACHE_KEY`, `CACHE_OPTIONS`
   */
  async getOrLoad(key: string, policy: CachePolicy, load: Loader): Promise<CacheResult> {
    refuseIfReserved(key);
    return this.stack.store.getOrLoad(key, policy, load);
  }

  /**
   * The values of many keys: those that are not cached are loaded by one call of `load`, which gets their keys.
   * @returns one result for each of `keys`, in their order
   * @throws what `load` throws, when grace lacks one of them; CacheError `CACHE_KEY`, `CACHE_OPTIONS`
   */
  async getOrLoadMany(keys: readonly string[], policy: ManyPolicy, load: LoadMany): Promise<CacheResult[]> {
    keys.forEach(refuseIfReserved);
    return this.stack.store.getOrLoadMany(keys, policy, load);
  }

  /**
   * The cache of the rows of an entity that says `@CachesRows`. Make one for each entity, at start.
   * @param select runs SQL outside any transaction @throws CacheError `CACHE_OPTIONS` without the decorator
   */
  rows(entity: object, select: SelectRows): EntityCache {
    return new EntityCache(this.stack, this.stack.rows.of(entity), select);
  }

  /** The fresh L1 entry, without a promise. Undefined: call `getOrLoad`. */
  peek(key: string): CacheEntry | undefined {
    return this.stack.store.peek(key);
  }

  /** Stores derived bytes (gzip) beside an L1 entry. */
  addVariant(entry: CacheEntry, name: string, bytes: Buffer): void {
    this.stack.store.addVariant(entry, name, bytes);
  }

  /** Invalidates `tags` on every node. Call it after the commit. @throws CacheError `CACHE_STAMP_FAILED`: other nodes may not know of the change yet, so call it again */
  async evict(tags: readonly string[]): Promise<void> {
    await this.stack.store.invalidate(tags);
  }

  /** Deletes one key on every node. @throws CacheError `CACHE_STAMP_FAILED` */
  delete(key: string): Promise<void> {
    return this.stack.store.delete(key);
  }

  /** Clears everything under the prefix, on every node. @throws CacheError when Redis does not acknowledge it */
  clear(): Promise<void> {
    return this.stack.store.clear();
  }

  /** Adds `tags` to the dependencies of the value that is being loaded around this call. */
  addTags(tags: Iterable<string>): void {
    this.stack.dependencies.addTags(tags);
  }

  /**
   * The pseudonym of a user, for a key of your own: keys are shown to operators. Tags need none: see `userTag`.
   * The pseudonym changes with the clock's epoch, so compute it at each call.
   */
  pseudonym(userId: string): string {
    return this.stack.clock.pseudonym(userId);
  }

  /** Registers a hook that runs after an outage, before L1 is trusted again: to stamp what could not be stamped meanwhile. */
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
