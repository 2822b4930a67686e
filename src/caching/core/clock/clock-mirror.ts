import type { CacheEventBus } from '../../caching.events';
import { everyUserTags, Pseudonyms } from './pseudonyms';
import type { ClockDifference, ClockReading, ClockStamp } from './redis-clock-transport';
import { StampTable } from './stamp-table';
import type { StaleReason } from './tag-clock';

const EPOCHS_REMEMBERED = 1_000;

/** One node's copy of the shared clock: the epoch, its secret, and the stamps that this node has learned of. */
export class ClockMirror {
  /** Grows whenever something was learned. */
  version = 0;
  epoch = '';
  pseudonyms = new Pseudonyms();
  private table: StampTable;
  private derive: (tag: string) => readonly string[] = () => [];
  /** Epochs that this node has left. What was stamped since then is missing here, so none of them is trusted again. */
  private readonly left = new Set<string>();

  constructor(
    private readonly maxTags: number,
    private readonly events: CacheEventBus,
  ) {
    this.table = new StampTable(maxTags);
  }

  get tick(): number {
    return this.table.tick;
  }

  lastStamp(tags: readonly string[]): number {
    return this.table.lastStamp(tags);
  }

  /** Law 3, by the stamps that were learned. */
  staleBecause({ epoch, tick }: { epoch: string; tick: number }, tags: readonly string[]): StaleReason | undefined {
    if (epoch !== this.epoch) return { why: 'epoch' };
    if (tick < this.table.floor) return { why: 'floor' };
    const tag = this.table.stampedAfter(tick, tags);
    return tag === undefined ? undefined : { why: 'stamped', tag };
  }

  /**
   * Applies a published stamp if it is the next one, or an earlier one. Any program may publish: of a later one nothing is
   * recorded, as it would invalidate its tags, or everything below its floor, until the clock is there. Returns false for
   * such a stamp, and for one of another epoch: then fetch the difference.
   */
  applyPublished(stamp: ClockStamp): boolean {
    return stamp.tick <= this.table.tick + 1 && this.apply(stamp, stamp.tags);
  }

  /** The clock had not made `stamp` when it replied last. */
  isBehind({ epoch, tick }: ClockReading): boolean {
    return epoch === this.epoch && tick > this.table.tick;
  }

  /**
   * Applies the clock's reply to a stamp. The tags are recorded in any case (knowing of a stamp early only makes this node
   * stricter); the tick moves only if nothing lies between. Returns false when something does: then fetch the difference.
   */
  apply(reading: ClockReading, tags: readonly string[]): boolean {
    if (reading.epoch !== this.epoch) return false;
    const learned = this.record(tags, reading.tick);
    const raised = this.table.raiseFloor(reading.floor);
    if (learned || raised) this.version += 1;
    if (reading.tick > this.table.tick + 1) return false;
    this.table.tick = Math.max(this.table.tick, reading.tick);
    return true;
  }

  /** Applies the reply to `since`. Returns whether it was the last page. */
  learn(difference: ClockDifference): boolean {
    if (difference.epoch !== this.epoch) this.switchEpoch(difference);
    let learned = this.table.raiseFloor(difference.floor);
    for (const [tag, tick] of difference.stamps) learned = this.record([tag], tick) || learned;
    this.table.tick = Math.max(this.table.tick, difference.completeTo);
    if (learned) this.version += 1;
    return difference.completeTo >= difference.tick;
  }

  /** Users whose pseudonym is another one in the epoch that was stamped: all users of their kind are stamped as well. */
  missedUsers(texts: readonly string[], replies: readonly ClockReading[]): string[] {
    const isCurrent = replies.every(({ epoch }) => epoch === this.epoch);
    return isCurrent ? this.pseudonyms.foreign(texts) : everyUserTags(texts);
  }

  hasLeft(epoch: string): boolean {
    return this.left.has(epoch);
  }

  /** A stamp of a tag stamps, in this copy only, what `derive` returns for it: those of before as well. */
  deriveTags(derive: (tag: string) => readonly string[]): void {
    this.derive = derive;
    for (const tag of this.table.tags()) this.table.record(derive(tag), this.table.lastStamp([tag]));
    this.version += 1;
  }

  private record(tags: readonly string[], tick: number): boolean {
    let learned = this.table.record(tags, tick);
    for (const tag of tags) learned = this.table.record(this.derive(tag), tick) || learned;
    return learned;
  }

  /** Law 7: everything known belongs to a clock that no longer exists. Without a secret all nodes derive one from the epoch. */
  private switchEpoch({ epoch, secret }: ClockDifference): void {
    if (this.epoch !== '') this.left.add(this.epoch);
    if (this.left.size > EPOCHS_REMEMBERED) this.left.delete(this.left.values().next().value!);
    this.epoch = epoch;
    this.pseudonyms = new Pseudonyms(secret || epoch);
    this.table = new StampTable(this.maxTags);
    this.version += 1;
    this.events.emit('epoch', epoch);
  }
}
