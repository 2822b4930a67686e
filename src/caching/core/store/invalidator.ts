import type { Instant } from '../clock/tag-clock';
import { tagTexts } from '../clock/tag-text';
import { keyTag, publicTags } from './entry';
import type { StoreParts } from './store-parts';

/** Hears of tags that were evicted, undefined: of everything. Never rejects. */
export type InvalidationListener = (tags: readonly string[] | undefined) => Promise<void>;

/** What makes entries die before their time, on every node: a stamp, or a new epoch. Nothing is looked for, and no key is scanned to find it. */
export class Invalidator {
  private outside?: InvalidationListener;

  constructor(private readonly parts: StoreParts) {}

  /** Has somebody outside hear of what is evicted here. What the outbox evicts is not told. */
  onInvalidate(hook: InvalidationListener): void {
    this.outside = hook;
  }

  /**
   * Law 4: after the commit, before the acknowledgement. When it resolves no node that looks serves what depends on
   * `tags` and was read before. @throws CacheError `CACHE_STAMP_FAILED`: stamp again; this process already obeys
   */
  async evict(tags: readonly string[]): Promise<Instant | undefined> {
    if (tags.length === 0) return undefined;
    const texts = tagTexts(tags);
    const known = publicTags(texts);
    try {
      return await this.parts.clock.stamp(texts);
    } finally {
      if (known.length > 0) await this.outside?.(known);
    }
  }

  /** Forgets one key on every node. @throws CacheError `CACHE_STAMP_FAILED` when the others could not be told */
  async delete(key: string): Promise<void> {
    const { l1, l2, events } = this.parts;
    l1.delete(key, 'deleted');
    await this.evict([keyTag(key)]);
    await l2?.delete(key).catch((error: unknown) => events.emit('storeFailed', 'delete', error));
  }

  /** Everything under this prefix, on every node, at once: a new epoch begins. Then the bytes in L2 are freed. */
  async clear(): Promise<void> {
    const { clock, l1, l2, events } = this.parts;
    try {
      await clock.renew();
    } finally {
      l1.clear();
      await this.outside?.(undefined);
    }
    await l2?.clear().catch((error: unknown) => events.emit('storeFailed', 'delete', error));
  }
}
