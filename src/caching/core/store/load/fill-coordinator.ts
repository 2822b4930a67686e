import type { Background } from '../../async/background';
import { pauses } from '../../async/backoff';
import type { StoreParts } from '../store-parts';

/** Milliseconds between two reads of L2 while another node loads. */
const POLL = { initialDelay: 5, maxDelay: 50 };

/** Releases the fill lock. */
export type Release = () => Promise<void>;
/** A pending lock request. Resolves to undefined when another node holds the lock. */
export type EarlyRequest = Promise<Release | undefined>;
type Turn<T> = { readonly filled?: T; readonly release?: Release };
/** Reads from L2 what is to be loaded. Undefined: another node has not stored it yet. */
type ReadFilled<T> = () => Promise<{ readonly filled: T | undefined; readonly failed: boolean }>;

/**
 * Protects the source from a stampede of nodes: the node that gets the fill lock loads the key; the others poll L2 for up
 * to `fillWait`. Any failure (a lock held too long, Redis unavailable) ends in a load without the lock.
 */
export class FillCoordinator {
  constructor(
    private readonly parts: Pick<StoreParts, 'lock' | 'isAlone' | 'dependencies' | 'time' | 'fillWait' | 'events'>,
    private readonly background: Background,
  ) {}

  /** Whether another node may load the same meanwhile. A part of a value whose load has the lock needs none of its own. */
  isNeeded(): boolean {
    const { lock, isAlone, dependencies } = this.parts;
    return lock !== undefined && !dependencies.current()?.isLocked && !isAlone();
  }

  /** Requests the lock before it is known to be needed. Pass the request to `acquireOrWait`, or `cancel` it. */
  requestEarly(key: string): EarlyRequest | undefined {
    const request = this.parts.lock?.acquire(key);
    // `acquireOrWait` and `cancel` handle the failure.
    request?.catch(() => undefined);
    return request;
  }

  /** Resolves to the lock, to what another node has loaded meanwhile, or to neither: then load without the lock. */
  async acquireOrWait<T>(key: string, read: ReadFilled<T>, early?: EarlyRequest): Promise<Turn<T>> {
    const { lock, time, fillWait, events } = this.parts;
    if (!lock) return {};
    const until = time.mono() + fillWait;
    try {
      let release = await (early ?? lock.acquire(key));
      if (release) return { release };
      for (const pause of pauses(POLL)) {
        if (!release) await time.sleep(pause);
        const { filled, failed } = await read();
        if (filled) this.release(release);
        if (filled || release) return filled ? { filled } : { release };
        if (failed || time.mono() >= until) break;
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
