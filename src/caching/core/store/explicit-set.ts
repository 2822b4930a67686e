import { pauses } from '../async/backoff';
import { DependencySet } from '../clock/dependency-tracker';
import { type Body, type CacheEntry, keyTag } from './entry';
import type { EntryWriter } from './load/entry-writer';
import { type CachePolicy, type RefreshBefore, resolvePolicy } from './policy';
import type { StoreParts } from './store-parts';
import type { L2Access, L2Lookup } from './tiers/l2-access';

/** Milliseconds between two reads of L2 while another node replaces a value. */
const SET_POLL = { initialDelay: 1, maxDelay: 50 };

/** A second tag that `set` stamps, so that readers can distinguish an overwritten key from a deleted one. */
function setTag(key: string): string {
  return keyTag(`@set:${key}`);
}

/** A new entry, and the end of its write to L2. */
interface Placed {
  readonly entry: CacheEntry;
  readonly written: Promise<void>;
}

/** Values that the application sets instead of loading them. A key that is overwritten is never absent. */
export class ExplicitSet {
  private readonly running = new Map<string, Promise<Placed | undefined>>();

  constructor(
    private readonly parts: Pick<StoreParts, 'clock' | 'time' | 'dependencies' | 'defaults' | 'fillWait'>,
    private readonly writer: EntryWriter,
  ) {}

  /**
   * Replaces the value on every node. The key's own tag is stamped first, and the value counts as read at that stamp, so of
   * two concurrent calls the later stamp wins on every node. While the clock is unavailable the value is stored in this
   * process only, and is dropped when the clock recovers. Inside a load the value depends on what that load has read so
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

  /** Whether a `set` of `key` is running in this process. */
  isRunning(key: string): boolean {
    return this.running.has(key);
  }

  /**
   * Waits for a running `set` of `key` in this process and returns its entry, even if another `set` has replaced it since.
   * Undefined when no `set` is running, or its value was invalidated in another way.
   */
  async awaited(key: string): Promise<CacheEntry | undefined> {
    const entry = (await this.running.get(key))?.entry;
    if (!entry || !this.parts.clock.staleBecause(entry, entry.tags)) return entry;
    const others = entry.tags.filter((tag) => tag !== keyTag(key));
    return this.isReplaced(entry) && !this.parts.clock.staleBecause(entry, others) ? entry : undefined;
  }

  /**
   * The fresh value in L2, where the first lookup did not find it. While another node replaces the value by `set`, polls L2 for up
   * to `fillWait`.
   */
  async awaitedIn(
    l2: L2Access,
    key: string,
    first: L2Lookup,
    old: CacheEntry | undefined,
    refreshBefore?: RefreshBefore,
  ): Promise<CacheEntry | undefined> {
    const { time, fillWait } = this.parts;
    const until = time.mono() + fillWait;
    let lookup = first;
    for (const pause of pauses(SET_POLL)) {
      const found = l2.freshIn(lookup, refreshBefore);
      const replaced = lookup.entry ?? old;
      if (found || lookup.failed || !replaced || !this.isReplaced(replaced)) return found;
      // The node that called `set` has ended, or could not write the value.
      if (time.mono() >= until) return void (await l2.delete(key));
      await time.sleep(pause);
      lookup = await l2.lookUp(key);
    }
    return undefined;
  }

  /** Whether the last stamp of the key came from a `set`: the new value is in L2, or being written. */
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
      const { tags, verifiedAt, expiresAt, staleSince } = scope;
      if (staleSince !== undefined || clock.staleBecause(scope, [...tags])) return undefined;
      // What the load has read so far is unchanged, so it counts as read at this instant.
      from.add({ epoch, tick, localTick, tags, verifiedAt, expiresAt });
    }
    const entry = this.writer.buildEntry(key, policy, { body }, from, time.wall());
    return { entry, written: this.writer.storeEntry(entry, policy.inProcess || stamped === undefined) };
  }
}
