import { randomUUID } from 'node:crypto';
import type { CacheEventBus } from '../../caching.events';
import { StampTable } from './stamp-table';
import { Pseudonyms } from './pseudonyms';
import type { Instant, StaleReason, StampInstant, TagClock } from './tag-clock';

/** The clock of a service without Redis: this process is the clock, so it always knows and is always trusted. */
export class MemoryTagClock implements TagClock {
  readonly lastSyncAt = Infinity;
  version = 0;
  private epoch = randomUUID();
  private table: StampTable;
  private readonly pseudonyms = new Pseudonyms();

  constructor(
    private readonly maxTags: number,
    private readonly events: CacheEventBus,
  ) {
    this.table = new StampTable(maxTags);
  }

  instant(): Instant {
    return { epoch: this.epoch, tick: this.table.tick, localTick: 0 };
  }

  lastStamp(tags: readonly string[]): number {
    return this.table.lastStamp(tags);
  }

  staleBecause(instant: Instant, tags: readonly string[]): StaleReason | undefined {
    if (instant.epoch !== this.epoch) return { why: 'epoch' };
    if (instant.tick < this.table.floor) return { why: 'floor' };
    const tag = this.table.stampedAfter(instant.tick, tags);
    return tag === undefined ? undefined : { why: 'stamped', tag };
  }

  now(): Promise<Instant> {
    return Promise.resolve(this.instant());
  }

  stamp(tags: readonly string[]): Promise<StampInstant> {
    if (tags.length > 0) {
      const texts = this.tagTexts(tags);
      this.table.stamp(texts);
      this.version += 1;
      this.events.emit('stamped', texts, 0);
    }
    return Promise.resolve({ ...this.instant(), lastTick: this.table.tick });
  }

  /** No other program stamps this clock. */
  deriveTags(): void {}

  pseudonym(user: string): string {
    return this.pseudonyms.of(user);
  }

  tagTexts(tags: Iterable<string>): string[] {
    return this.pseudonyms.tagTexts(tags);
  }

  dependencyTexts(tags: Iterable<string>): string[] {
    return this.pseudonyms.dependencyTexts(tags);
  }

  renew(): Promise<void> {
    this.epoch = randomUUID();
    this.table = new StampTable(this.maxTags);
    this.version += 1;
    this.events.emit('epoch', this.epoch);
    return Promise.resolve();
  }

  /** This clock is always available, so no hook has to run before it is trusted again. */
  beforeTrust(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}
