import { CacheError } from '../caching.errors';
import type { CacheEventBus } from '../caching.events';
import { Coalesced } from '../coalesced';
import { withDeadline } from '../deadline';
import type { Time } from '../time';
import { type ClockReading, type ClockTransport, MAX_TAGS_PER_STAMP } from './redis-clock-transport';
import { StampTable } from './stamp-table';
import type { Instant, StaleReason, TagClock } from './tag-clock';

export interface RedisTagClockOptions {
  /** Milliseconds without an answer after which the clock counts as away (Law 6). */
  maxLag: number;
  /** Milliseconds one question may take. */
  timeout: number;
  /** Tags remembered; older ones raise the floor. */
  maxTags: number;
}

/** How long a `beforeTrust` hook may take, in milliseconds, before the node tries again at the next heartbeat. */
const HOOK_DEADLINE = 5_000;

/**
 * A mirror of the shared clock. Published stamps advance it by one; whatever does not fit (a gap, another epoch, a
 * reconnect, a heartbeat) makes it ask for the difference. Only an answer to its own question may move it across a
 * gap or into another epoch: questions never overlap and late answers are dropped, so it cannot be led backwards.
 */
export class RedisTagClock implements TagClock {
  version = 0;
  heardAt = -Infinity;
  private epoch = '';
  private mirror: StampTable;
  /** Stamps the shared clock did not acknowledge: this process distrusts their tags at once all the same. */
  private readonly unacknowledged: StampTable;
  private live = false;
  private readonly hooks: (() => Promise<void>)[] = [];
  private readonly ask = new Coalesced(() => this.catchUp());

  constructor(
    private readonly transport: ClockTransport,
    private readonly options: RedisTagClockOptions,
    private readonly time: Time,
    private readonly events: CacheEventBus,
  ) {
    this.mirror = new StampTable(options.maxTags);
    this.unacknowledged = new StampTable(options.maxTags);
    transport.onStamp((stamp) => {
      if (!this.hear(stamp, stamp.tags) && this.live) void this.ask.run().catch(() => this.noteSilence());
    });
    transport.onConnect(() => void this.beat());
  }

  instant(): Instant {
    return { epoch: this.epoch, tick: this.mirror.tick, local: this.unacknowledged.tick };
  }

  /** Law 3. */
  staleBecause(instant: Instant, tags: readonly string[]): StaleReason | undefined {
    if (instant.epoch !== this.epoch) return { why: 'epoch' };
    if (instant.tick < this.mirror.floor) return { why: 'floor' };
    const stamped = this.mirror.stampedAfter(instant.tick, tags);
    if (stamped !== undefined) return { why: 'stamped', tag: stamped };
    if (instant.local < this.unacknowledged.floor) return { why: 'unacknowledged' };
    const suspect = this.unacknowledged.stampedAfter(instant.local, tags);
    return suspect === undefined ? undefined : { why: 'unacknowledged', tag: suspect };
  }

  async now(): Promise<Instant> {
    // While it is away only the heartbeat knocks, so no request waits at a closed door.
    if (!this.live) throw new CacheError('CACHE_CLOCK_AWAY', 'the tag clock is away');
    await withDeadline(this.ask.run(), this.options.timeout, 'asking the tag clock');
    return this.instant();
  }

  async stamp(tags: readonly string[]): Promise<Instant> {
    const sentAt = this.time.mono();
    const batches = inBatches([...new Set(tags)]);
    const local = this.unacknowledged.tick;
    const heard: boolean[] = [];
    let own: Instant | undefined;
    try {
      await Promise.all(
        batches.map(async (batch) => {
          const reading = await this.transport.stamp(batch);
          heard.push(this.hear(reading, batch));
          // Of several the first: nothing that was stamped since may seem known.
          if (!own || reading.tick < own.tick) own = { epoch: reading.epoch, tick: reading.tick, local };
        }),
      );
    } catch (error) {
      this.distrust(tags);
      // Law 6: what could not be stamped has to be drained before anything is trusted again.
      this.noteSilence(true);
      this.events.emit('stampFailed', tags, error);
      throw new CacheError('CACHE_STAMP_FAILED', 'the tag clock did not acknowledge a stamp', { cause: error });
    }
    this.events.emit('stamped', tags, this.time.mono() - sentAt);
    if (heard.includes(false)) {
      this.distrust(tags);
      // While not live a hook may be what is stamping: the catch-up waits for the hook, so it must not wait for that.
      if (!this.live || !(await this.learnOrDoubt())) return own ?? this.instant();
    }
    this.unacknowledged.forget(tags);
    return own ?? this.instant();
  }

  async renew(): Promise<void> {
    this.hear(await this.transport.renew(), []);
    if (this.live) await this.learnOrDoubt();
  }

  beforeTrust(hook: () => Promise<void>): void {
    this.hooks.push(hook);
  }

  /** The heartbeat: asks, whether or not the clock is away. Never rejects. */
  async beat(): Promise<void> {
    await this.ask.run().catch(() => this.noteSilence());
  }

  close(): Promise<void> {
    this.noteSilence(true);
    return Promise.resolve();
  }

  /**
   * Takes a stamp in. Its tags are noted in any case (knowing of a stamp early only makes us stricter); the tick
   * moves only if nothing lies between. Returns false when something does: then ask.
   */
  private hear(reading: ClockReading, tags: readonly string[]): boolean {
    if (reading.epoch !== this.epoch) return false;
    const learned = this.mirror.record(tags, reading.tick);
    const raised = this.mirror.raiseFloor(reading.floor);
    if (learned || raised) this.version += 1;
    if (reading.tick > this.mirror.tick + 1) return false;
    this.mirror.tick = Math.max(this.mirror.tick, reading.tick);
    return true;
  }

  /** This process knows of a stamp that its mirror cannot place. */
  private distrust(tags: readonly string[]): void {
    this.unacknowledged.stamp(tags);
    this.version += 1;
  }

  /** Asks; false, and no trust, when there is no answer. */
  private learnOrDoubt(): Promise<boolean> {
    return this.ask.run().then(
      () => true,
      () => (this.noteSilence(true), false),
    );
  }

  private async catchUp(): Promise<void> {
    const wasLive = this.live;
    const unacknowledged = this.unacknowledged.tick;
    // Law 6: drain, then catch up, then trust.
    if (!wasLive) {
      for (const hook of this.hooks) await withDeadline(hook(), HOOK_DEADLINE, 'a hook before trusting the clock');
    }
    const sentAt = await this.learnDifference();
    this.heardAt = sentAt;
    if (wasLive) return;
    // Only a drain stamps again what was not acknowledged; without one it stays distrusted.
    if (this.hooks.length > 0 && this.unacknowledged.tick === unacknowledged) this.unacknowledged.forgetAll();
    this.live = true;
    this.version += 1;
    this.events.emit('clock', 'live', this.epoch);
  }

  /** Asks page by page until nothing is missing; returns when the last question was sent (what Law 6 counts from). */
  private async learnDifference(): Promise<number> {
    for (;;) {
      const sentAt = this.time.mono();
      const answer = await this.transport.since(this.epoch, this.mirror.tick);
      if (answer.epoch !== this.epoch) this.adopt(answer.epoch);
      let learned = this.mirror.raiseFloor(answer.floor);
      for (const [tag, tick] of answer.stamps) learned = this.mirror.record([tag], tick) || learned;
      this.mirror.tick = Math.max(this.mirror.tick, answer.completeTo);
      if (learned) this.version += 1;
      if (answer.completeTo >= answer.tick) return sentAt;
    }
  }

  /** Law 7: another epoch, and all that was known belongs to a clock that no longer exists. */
  private adopt(epoch: string): void {
    this.epoch = epoch;
    this.mirror = new StampTable(this.options.maxTags);
    this.version += 1;
    this.events.emit('epoch', epoch);
  }

  /** A question went unanswered. `certain`: something is known to be missing here, so trust ends at once. */
  private noteSilence(certain = false): void {
    if (certain) this.heardAt = -Infinity;
    if (!this.live || this.time.mono() - this.heardAt < this.options.maxLag) return;
    this.live = false;
    this.events.emit('clock', 'away', this.epoch);
  }
}

function inBatches(tags: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (let i = 0; i < tags.length; i += MAX_TAGS_PER_STAMP) batches.push(tags.slice(i, i + MAX_TAGS_PER_STAMP));
  return batches;
}
