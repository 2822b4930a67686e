import type { Background } from '../../async/background';
import { pauses } from '../../async/backoff';
import type { CacheEntry } from '../entry';
import type { RefreshBefore } from '../policy';
import type { StoreParts } from '../store-parts';
import type { L2Access } from '../tiers/l2-access';

/** Milliseconds between two reads of L2 while another node loads. */
const POLL = { initialDelay: 5, maxDelay: 50 };

/** Releases the fill lock. */
export type Release = () => Promise<void>;
/** A pending lock request. Resolves to undefined when another node holds the lock. */
export type EarlyRequest = Promise<Release | undefined>;
type Turn = { readonly filled?: CacheEntry; readonly release?: Release };

/**
 * Protects the source from a stampede of nodes: the node that gets the fill lock loads the key; the others poll L2 for up
 * to `fillWait`. Any failure (a lock held too long, Redis unavailable) ends in a load without the lock.
 */
export class FillCoordinator {
  constructor(
    private readonly parts: Pick<StoreParts, 'lock' | 'time' | 'fillWait' | 'events'>,
    private readonly background: Background,
    private readonly l2: L2Access,
  ) {}

  /** Requests the lock before it is known to be needed. Pass the request to `acquireOrWait`, or `cancel` it. */
  requestEarly(key: string): EarlyRequest | undefined {
    const request = this.parts.lock?.acquire(key);
    // `acquireOrWait` and `cancel` handle the failure.
    request?.catch(() => undefined);
    return request;
  }

  /** Resolves to the lock, to the entry that another node has loaded meanwhile, or to neither: then load without the lock. */
  async acquireOrWait(key: string, early: EarlyRequest | undefined, refreshBefore?: RefreshBefore): Promise<Turn> {
    const { lock, time, fillWait, events } = this.parts;
    if (!lock) return {};
    const until = time.mono() + fillWait;
    try {
      let release = await (early ?? lock.acquire(key));
      if (release) return { release };
      for (const pause of pauses(POLL)) {
        if (!release) await time.sleep(pause);
        const lookup = await this.l2.lookUp(key);
        const filled = this.l2.freshIn(lookup, refreshBefore);
        if (filled) this.release(release);
        if (filled || release) return filled ? { filled } : { release };
        if (lookup.failed || time.mono() >= until) break;
        release = await lock.acquire(key);
      }
    } catch (error) {
      events.emit('storeFailed', 'lock', error);
    }
    return {};
  }

  cancel(early: EarlyRequest): void {
    this.background.track(early.then((release) => this.release(release)).catch(() => undefined));
  }

  release(release: Release | undefined): void {
    if (!release) return;
    this.background.track(release().catch((error: unknown) => this.parts.events.emit('storeFailed', 'lock', error)));
  }
}
