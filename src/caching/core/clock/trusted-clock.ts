import { CacheError } from '../../caching.errors';
import type { Instant, StaleReason, StampInstant, TagClock } from './tag-clock';
import type { Trust } from './trust';

/** The clock for readers: its responses count only while every write is known to have reached it (Law 6). */
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
   * The proof is judged **before** the clock is queried: the response then covers every stamp that belongs to the proof. It is
   * judged again afterwards, because a response from another epoch ends the proof.
   * @throws CacheError `CACHE_UNTRUSTED`, and what the clock throws
   */
  async now(): Promise<Instant> {
    this.requireProof();
    const instant = await this.clock.now();
    this.requireProof();
    return instant;
  }

  private requireProof(): void {
    if (this.trust.lacksClockOnly) return;
    const { cause } = this.trust;
    throw new CacheError('CACHE_UNTRUSTED', 'there is no proof that every write is stamped', { cause });
  }

  stamp(tags: readonly string[]): Promise<StampInstant> {
    return this.clock.stamp(tags);
  }

  deriveTags(derive: (tag: string) => readonly string[]): void {
    this.clock.deriveTags(derive);
  }

  pseudonym(user: string): string {
    return this.clock.pseudonym(user);
  }

  tagTexts(tags: Iterable<string>): string[] {
    return this.clock.tagTexts(tags);
  }

  dependencyTexts(tags: Iterable<string>): string[] {
    return this.clock.dependencyTexts(tags);
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
