import type { Background } from './background';
import type { CacheEntry } from '../entry';
import type { L2Lookup } from '../tiers/l2';
import type { StoreParts } from '../store-parts';

/** Milliseconds between two looks whether another node has filled L2: doubles from the first to the second. */
const POLL = { first: 5, most: 50 } as const;

/** Gives the fill lock back. */
export type Release = () => Promise<void>;
/** Undefined: another node has it. */
export type EarlyRequest = Promise<Release | undefined>;
type Turn = { readonly filled?: CacheEntry; readonly release?: Release };

/**
 * Who loads: of nodes that want the same key the one that gets the fill lock, while the others watch L2 for a while. An optimisation,
 * so whatever goes wrong (held too long, Redis gone) ends in loading.
 */
export class FillCoordinator {
  constructor(
    private readonly parts: StoreParts,
    private readonly background: Background,
    /** What L2 has, if it is fresh. */
    private readonly look: (key: string) => Promise<L2Lookup>,
  ) {}

  /** Asks for the lock before it is known whether it is needed: `take` or `refuse` it. */
  requestEarly(key: string): EarlyRequest | undefined {
    const asked = this.parts.lock?.acquire(key);
    // Whoever takes it hears of it.
    asked?.catch(() => undefined);
    return asked;
  }

  /** @param asked what `ask` has returned for this very key */
  async acquireOrWait(key: string, asked: EarlyRequest | undefined): Promise<Turn> {
    const { lock, time, fillWait, events } = this.parts;
    if (!lock) return {};
    const until = time.mono() + fillWait;
    try {
      for (let pause: number = POLL.first; ; pause = Math.min(pause * 2, POLL.most)) {
        const waited = pause > POLL.first;
        const release = await ((!waited && asked) || lock.acquire(key));
        if (release && !waited) return { release };
        if (!release) await time.sleep(pause);
        const { entry: filled, failed } = await this.look(key);
        if (filled) this.release(release);
        if (filled || release) return { filled, release: filled ? undefined : release };
        if (failed || time.mono() >= until) return {};
      }
    } catch (error) {
      events.emit('storeFailed', 'lock', error);
      return {};
    }
  }

  cancel(asked: EarlyRequest): void {
    this.background.track(asked.then((release) => this.release(release)).catch(() => undefined));
  }

  release(release: Release | undefined): void {
    if (!release) return;
    this.background.track(release().catch((error: unknown) => this.parts.events.emit('storeFailed', 'lock', error)));
  }
}
