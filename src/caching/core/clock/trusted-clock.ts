import { CacheError } from '../../caching.errors';
import type { Instant, StaleReason, TagClock } from './tag-clock';
import type { Trust } from './trust';

/** The clock as readers see it: its word counts only while everything that was written is known to have reached it (Law 6). */
export class TrustedClock implements TagClock {
  constructor(
    private readonly clock: TagClock,
    private readonly trust: Trust,
  ) {}

  get version(): number {
    return this.clock.version;
  }

  get lastSyncAt(): number {
    return this.trust.provedAt;
  }

  instant(): Instant {
    return this.clock.instant();
  }

  lastStamp(tags: readonly string[]): number {
    return this.clock.lastStamp(tags);
  }

  staleBecause(instant: Instant, tags: readonly string[]): StaleReason | undefined {
    return this.clock.staleBecause(instant, tags);
  }

  /**
   * The proof is judged **before** the clock is asked: the clock then tells of every stamp that the proof stands for.
   * @throws CacheError `CACHE_UNTRUSTED`, and what the clock throws
   */
  now(): Promise<Instant> {
    if (this.trust.lacksClockOnly) return this.clock.now();
    const { cause } = this.trust;
    return Promise.reject(new CacheError('CACHE_UNTRUSTED', 'not every write is known to be stamped', { cause }));
  }

  stamp(tags: readonly string[]): Promise<Instant> {
    return this.clock.stamp(tags);
  }

  renew(): Promise<void> {
    return this.clock.renew();
  }

  beforeTrust(hook: () => Promise<void>): void {
    this.clock.beforeTrust(hook);
  }

  close(): Promise<void> {
    return this.clock.close();
  }
}
