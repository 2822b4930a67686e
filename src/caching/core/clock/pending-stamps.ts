import { StampTable } from './stamp-table';
import type { StaleReason } from './tag-clock';

/** Unacknowledged stamps of one moment. `incomplete`: there were more than the table remembers. */
export interface PendingBatch {
  readonly tags: readonly string[];
  readonly incomplete: boolean;
  /** The local tick of that moment. */
  readonly upTo: number;
}

/**
 * Stamps of this process that the mirror cannot place: the shared clock did not acknowledge them, or it did in an
 * epoch that the mirror has not adopted yet. Their tags are distrusted here at once all the same, by a local tick.
 * An acknowledgement covers the stamps that were pending when it was **sent**. What failed since then is another write's.
 */
export class PendingStamps {
  private readonly table: StampTable;
  /** Acknowledged, and distrusted until the mirror has learned the difference. */
  private acknowledged: PendingBatch[] = [];

  constructor(limit: number) {
    this.table = new StampTable(limit);
  }

  get tick(): number {
    return this.table.tick;
  }

  /** The clock did not acknowledge a stamp of `tags`. */
  add(tags: readonly string[]): void {
    this.table.stamp(tags);
  }

  staleBecause(local: number, tags: readonly string[]): StaleReason | undefined {
    if (local < this.table.floor) return { why: 'unacknowledged' };
    const tag = this.table.stampedAfter(local, tags);
    return tag === undefined ? undefined : { why: 'unacknowledged', tag };
  }

  all(): PendingBatch {
    return { tags: this.table.tags(), incomplete: this.table.floor > 0, upTo: this.table.tick };
  }

  /** The clock has these, and so has the mirror. */
  forget({ tags, incomplete, upTo }: PendingBatch): void {
    this.table.forget(tags, upTo);
    if (incomplete) this.table.lowerFloor(upTo);
  }

  /** The clock has these, the mirror has not: unless distrusted for a later failure, they are until it has learned. */
  awaitSync(batch: PendingBatch): void {
    if (batch.incomplete) return void this.acknowledged.push(batch);
    const tags = batch.tags.filter((tag) => this.table.stampedAfter(batch.upTo, [tag]) === undefined);
    this.acknowledged.push({ tags, incomplete: false, upTo: this.table.stamp(tags) });
  }

  /** Call it before the query to the clock, and the returned function once the mirror has applied the whole reply. */
  asking(): () => void {
    const learned = new Set(this.acknowledged);
    return () => {
      learned.forEach((batch) => this.forget(batch));
      this.acknowledged = this.acknowledged.filter((batch) => !learned.has(batch));
    };
  }
}
