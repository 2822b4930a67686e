import { DependencySet } from '../clock/dependency-tracker';
import { type Body, type CacheEntry, keyTag } from './entry';
import type { EntryWriter } from './load/entry-writer';
import { type CachePolicy, resolvePolicy } from './policy';
import type { StoreParts } from './store-parts';

/** Stamped by `set` beside the key's own tag: so readers can tell a key that is overwritten from one that is deleted. */
function setTag(key: string): string {
  return keyTag(`@set:${key}`);
}

/** An entry and its way into L2. */
interface Placed {
  readonly entry: CacheEntry;
  readonly written: Promise<void>;
}

/** Values that the application sets instead of loading them. A key that is overwritten is never absent. */
export class ExplicitSet {
  private readonly running = new Map<string, Promise<Placed | undefined>>();

  constructor(
    private readonly parts: Pick<StoreParts, 'clock' | 'time' | 'dependencies' | 'defaults'>,
    private readonly writer: EntryWriter,
  ) {}

  /**
   * Replaces the value on every node: the key's own tag is stamped first, and the value counts as read at that very
   * stamp. Of two concurrent calls the later stamp wins everywhere. While the clock is unavailable the value is kept in
   * this process only, and is gone when the clock is back. Inside a load the value depends on what that load has read so
   * far; if any of that was invalidated meanwhile, the value is not stored.
   */
  async set(key: string, body: Body, policy: CachePolicy): Promise<void> {
    const placing = this.place(key, body, policy);
    this.running.set(key, placing);
    const placed = await placing.finally(() => {
      if (this.running.get(key) === placing) this.running.delete(key);
    });
    await placed?.written;
  }

  /**
   * What a running `set` of `key` in this process has stored: the value of the key at that moment, even if another `set` has
   * replaced it since. Undefined where none is running, or the value was invalidated in another way.
   */
  async awaited(key: string): Promise<CacheEntry | undefined> {
    const entry = (await this.running.get(key))?.entry;
    if (!entry || !this.parts.clock.staleBecause(entry, entry.tags)) return entry;
    const others = entry.tags.filter((tag) => tag !== keyTag(key));
    return this.isReplaced(entry) && !this.parts.clock.staleBecause(entry, others) ? entry : undefined;
  }

  /** The last stamp of the key came from a `set`: the value that replaces `entry` is there, or on its way to L2. */
  isReplaced({ key, epoch, tick }: CacheEntry): boolean {
    const { clock } = this.parts;
    const setAt = clock.lastStamp([setTag(key)]);
    return epoch === clock.instant().epoch && setAt > tick && setAt >= clock.lastStamp([keyTag(key)]);
  }

  private async place(key: string, body: Body, options: CachePolicy): Promise<Placed | undefined> {
    const { clock, dependencies, time, defaults } = this.parts;
    const policy = resolvePolicy(options, defaults);
    const scope = dependencies.current();
    const at = time.mono();
    const stamped = await clock.stamp([keyTag(key), setTag(key)]).catch(() => undefined);
    const { epoch, tick, localTick } = stamped ?? clock.instant();
    const from = new DependencySet({ epoch, tick, localTick }, at);
    if (scope) {
      const { tags, verifiedAt, expiresAt, fromGrace } = scope;
      if (fromGrace || clock.staleBecause(scope, [...tags])) return undefined;
      // Nothing that was read so far has changed since: it would be the same at this instant.
      from.add({ epoch, tick, localTick, tags, verifiedAt, expiresAt });
    }
    const entry = this.writer.buildEntry(key, policy, { body }, from, time.wall());
    return { entry, written: this.writer.storeEntry(entry, policy.inProcess || stamped === undefined) };
  }
}
