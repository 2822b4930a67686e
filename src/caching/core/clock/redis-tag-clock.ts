import { CacheError } from '../../caching.errors';
import type { CacheEventBus } from '../../caching.events';
import { Coalesced } from '../async/coalesced';
import { withDeadline } from '../async/deadline';
import { Deadlines } from '../redis/deadlines';
import type { Time } from '../async/time';
import { type ClockReading, type ClockTransport, inBatches } from './redis-clock-transport';
import { StampTable } from './stamp-table';
import { tagTexts } from './tag-text';
import type { Instant, StaleReason, TagClock } from './tag-clock';
import { type PendingBatch, PendingStamps } from './pending-stamps';

export interface RedisTagClockOptions {
  /** Milliseconds without a reply after which the clock counts as unavailable (Law 6). */
  maxLag: number;
  /** Milliseconds one question may take. */
  timeout: number;
  /** Tags remembered; older ones raise the floor. */
  maxTags: number;
}

/** What the clock answered to a stamp, and whether the mirror could place it without asking. */
type StampReply = ClockReading & { readonly applied: boolean };

/** How long a `beforeTrust` hook may take, in milliseconds, before the node tries again at the next heartbeat. */
const HOOK_DEADLINE = 5_000;

const EPOCHS_REMEMBERED = 1_000;

/**
 * A mirror of the shared clock. Published stamps advance it by one; whatever does not fit (a gap, another epoch, a
 * reconnect, a heartbeat) makes it request the difference. Only the reply to its own request may move it across a
 * gap or into another epoch: questions never overlap and late answers are dropped, so it cannot be led backwards.
 */
export class RedisTagClock implements TagClock {
  version = 0;
  lastSyncAt = -Infinity;
  private epoch = '';
  /** Epochs that this node has left. What was stamped since then is missing there, so none of them is trusted again. */
  private readonly left = new Set<string>();
  private mirror: StampTable;
  private readonly pending: PendingStamps;
  private readonly deadlines: Deadlines;
  private isLive = false;
  /** Grows whenever something is known to be missing: what was asked before may not end the doubt. */
  private trustLosses = 0;
  private readonly hooks: (() => Promise<void>)[] = [];
  private readonly syncOnce = new Coalesced(() => this.sync());

  constructor(
    private readonly transport: ClockTransport,
    private readonly options: RedisTagClockOptions,
    private readonly time: Time,
    private readonly events: CacheEventBus,
  ) {
    this.mirror = new StampTable(options.maxTags);
    this.pending = new PendingStamps(options.maxTags);
    this.deadlines = new Deadlines(options.timeout);
    transport.onStamp((stamp) => {
      if (!this.applyStamp(stamp, stamp.tags) && this.isLive)
        void this.syncOnce.run().catch(() => this.markUnavailable());
    });
    transport.onConnect(() => void this.beat());
  }

  instant(): Instant {
    return { epoch: this.epoch, tick: this.mirror.tick, localTick: this.pending.tick };
  }

  lastStamp(tags: readonly string[]): number {
    return this.mirror.lastStamp(tags);
  }

  /** Law 3. */
  staleBecause(instant: Instant, tags: readonly string[]): StaleReason | undefined {
    if (instant.epoch !== this.epoch) return { why: 'epoch' };
    if (instant.tick < this.mirror.floor) return { why: 'floor' };
    const stamped = this.mirror.stampedAfter(instant.tick, tags);
    if (stamped !== undefined) return { why: 'stamped', tag: stamped };
    return this.pending.staleBecause(instant.localTick, tags);
  }

  async now(): Promise<Instant> {
    // While the clock is unavailable only the heartbeat queries it, so no request waits for a deadline.
    if (!this.isLive) throw new CacheError('CACHE_CLOCK_UNAVAILABLE', 'the tag clock is unavailable');
    await this.deadlines.within(this.syncOnce.run(), 'asking the tag clock');
    return this.instant();
  }

  async stamp(tags: readonly string[]): Promise<Instant> {
    if (tags.length === 0) return this.instant();
    const sentAt = this.time.mono();
    const upTo = this.pending.tick;
    const texts = tagTexts(tags);
    const batches = inBatches(texts);
    let replies: readonly StampReply[];
    try {
      replies = await Promise.all(batches.map((batch) => this.send({ tags: batch, incomplete: false, upTo })));
    } catch (error) {
      this.pending.add(texts);
      this.version += 1;
      // Law 6: pending stamps have to be sent, and the outbox drained, before anything is trusted again.
      this.markUnavailable(true);
      this.events.emit('stampFailed', tags, error);
      throw new CacheError('CACHE_STAMP_FAILED', 'the tag clock did not acknowledge a stamp', { cause: error });
    }
    this.events.emit('stamped', tags, this.time.mono() - sentAt);
    // While not live a hook may be what is stamping: the catch-up waits for the hook, so it must not wait for that.
    if (this.isLive && !replies.every(({ applied }) => applied)) await this.syncOrDistrust();
    // Of several batches the first: nothing that was stamped since may pass for known.
    const { epoch, tick } = replies.reduce((first, next) => (next.tick < first.tick ? next : first));
    return { epoch, tick, localTick: upTo };
  }

  async renew(): Promise<void> {
    this.applyStamp(await this.transport.renew(), []);
    if (this.isLive) await this.syncOrDistrust();
  }

  /** A hook that comes when the clock is trusted already ends that, until it has run. */
  beforeTrust(hook: () => Promise<void>): void {
    this.hooks.push(hook);
    const wasLive = this.isLive;
    this.markUnavailable(true);
    if (wasLive) void this.beat();
  }

  /** The heartbeat: queries the clock, even while it is unavailable. Never rejects. */
  async beat(): Promise<void> {
    await this.syncOnce.run().catch(() => this.markUnavailable());
  }

  close(): Promise<void> {
    this.markUnavailable(true);
    return Promise.resolve();
  }

  /**
   * Takes a stamp in. Its tags are noted in any case (knowing of a stamp early only makes us stricter); the tick
   * moves only if nothing lies between. Returns false when something does: then ask.
   */
  private applyStamp(reading: ClockReading, tags: readonly string[]): boolean {
    if (reading.epoch !== this.epoch) return false;
    const learned = this.mirror.record(tags, reading.tick);
    const raised = this.mirror.raiseFloor(reading.floor);
    if (learned || raised) this.version += 1;
    if (reading.tick > this.mirror.tick + 1) return false;
    this.mirror.tick = Math.max(this.mirror.tick, reading.tick);
    return true;
  }

  /** Stamps tags that were untold. @throws when the clock does not acknowledge it */
  private async send(batch: PendingBatch): Promise<StampReply> {
    const { tags, incomplete } = batch;
    const reading = await (incomplete ? this.transport.renew() : this.transport.stamp(tags));
    const applied = this.applyStamp(reading, incomplete ? [] : tags);
    if (reading.epoch === this.epoch) this.pending.forget(batch);
    else {
      this.pending.awaitSync(batch);
      this.version += 1;
    }
    return { ...reading, applied };
  }

  /** Sends the stamps that failed. Without an outbox no other process can: only this one knows of a failed `set` or `evict`. */
  private async sendPending(): Promise<void> {
    const untold = this.pending.all();
    if (untold.incomplete) return void (await this.send(untold));
    for (const tags of inBatches(untold.tags)) await this.send({ ...untold, tags });
  }

  /** Asks; no trust when there is no answer. */
  private async syncOrDistrust(): Promise<void> {
    await this.syncOnce.run().catch(() => this.markUnavailable(true));
  }

  private async sync(): Promise<void> {
    const { isLive: wasLive, trustLosses } = this;
    // Law 6: send and drain, then catch up, then trust.
    if (!wasLive || this.pending.all().incomplete) await this.sendPending();
    if (!wasLive) {
      for (const hook of this.hooks) await withDeadline(hook(), HOOK_DEADLINE, 'a hook before trusting the clock');
    }
    const learned = this.pending.asking();
    const sentAt = await this.fetchMissed();
    learned();
    // A stamp failed meanwhile and is still pending: the next beat has to begin again.
    if (trustLosses !== this.trustLosses) return;
    this.lastSyncAt = sentAt;
    if (wasLive) return;
    this.isLive = true;
    this.version += 1;
    this.events.emit('clock', 'live', this.epoch);
  }

  /** Asks page by page until nothing is missing; returns when the last question was sent (what Law 6 counts from). */
  private async fetchMissed(): Promise<number> {
    for (;;) {
      const sentAt = this.time.mono();
      const answer = await this.transport.since(this.epoch, this.mirror.tick);
      if (this.left.has(answer.epoch)) {
        await this.transport.renew();
        continue;
      }
      if (answer.epoch !== this.epoch) this.switchEpoch(answer.epoch);
      let learned = this.mirror.raiseFloor(answer.floor);
      for (const [tag, tick] of answer.stamps) learned = this.mirror.record([tag], tick) || learned;
      this.mirror.tick = Math.max(this.mirror.tick, answer.completeTo);
      if (learned) this.version += 1;
      if (answer.completeTo >= answer.tick) return sentAt;
    }
  }

  /** Law 7: another epoch, and all that was known belongs to a clock that no longer exists. */
  private switchEpoch(epoch: string): void {
    if (this.epoch !== '') this.left.add(this.epoch);
    if (this.left.size > EPOCHS_REMEMBERED) this.left.delete(this.left.values().next().value!);
    this.epoch = epoch;
    this.mirror = new StampTable(this.options.maxTags);
    this.version += 1;
    this.events.emit('epoch', epoch);
  }

  /** A question went unanswered. `certain`: something is known to be missing here, so trust ends at once. */
  private markUnavailable(certain = false): void {
    if (certain) {
      this.trustLosses += 1;
      this.lastSyncAt = -Infinity;
    }
    if (!this.isLive || this.time.mono() - this.lastSyncAt < this.options.maxLag) return;
    this.isLive = false;
    this.events.emit('clock', 'unavailable', this.epoch);
  }
}
