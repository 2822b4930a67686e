import type { Instant } from '../clock/tag-clock';
import { keyTag, publicTags } from './entry';
import type { StoreParts } from './store-parts';
import type { L2Access } from './tiers/l2-access';

/** Called with the invalidated tags, or `undefined` when the whole cache was cleared. Must not reject. */
export type InvalidationListener = (tags: readonly string[] | undefined) => Promise<void>;

/** Makes entries stale before their TTL ends, on every node: by a stamp, or by a new epoch. No key is scanned to find them. */
export class Invalidator {
  private listener?: InvalidationListener;

  constructor(
    private readonly parts: StoreParts,
    private readonly l2: L2Access | undefined,
  ) {}

  /** Registers the listener. What the drain stamps from the outbox is not reported here. */
  onInvalidate(listener: InvalidationListener): void {
    this.listener = listener;
  }

  /**
   * Law 4: call it after the commit and before the acknowledgement. When it resolves, no node that queries the clock serves
   * a value that depends on `tags` and was read before.
   * @throws CacheError `CACHE_STAMP_FAILED`: stamp again. This process applies the stamp at once
   */
  async invalidate(tags: readonly string[]): Promise<Instant | undefined> {
    if (tags.length === 0) return undefined;
    const texts = this.parts.clock.tagTexts(tags);
    const reported = publicTags(texts);
    try {
      return await this.parts.clock.stamp(texts);
    } finally {
      if (reported.length > 0) await this.listener?.(reported);
    }
  }

  /** Deletes one key on every node. @throws CacheError `CACHE_STAMP_FAILED` when the clock did not acknowledge it */
  async delete(key: string): Promise<void> {
    this.parts.l1.delete(key, 'deleted');
    await this.invalidate([keyTag(key)]);
    await this.l2?.delete(key);
  }

  /** Begins a new epoch: everything under this prefix is stale on every node. Then frees the bytes in L2. */
  async clear(): Promise<void> {
    const { clock, l1 } = this.parts;
    try {
      await clock.renew();
    } finally {
      l1.clear();
      await this.listener?.(undefined);
    }
    await this.l2?.clear();
  }
}
