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
import { type Untold, UntoldStamps } from './pending-stamps';

export interface RedisTagClockOptions {
  /** Milliseconds without an answer after which the clock counts as away (Law 6). */
  maxLag: number;
  /** Milliseconds one question may take. */
  timeout: number;
  /** Tags remembered; older ones raise the floor. */
  maxTags: number;
}

/** What the clock answered to a stamp, and whether the mirror could place it without asking. */
type Told = ClockReading & { readonly placed: boolean };

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
  private readonly untold: UntoldStamps;
  private readonly deadlines: Deadlines;
  private live = false;
  /** Grows whenever something is known to be missing: what was asked before may not end the doubt. */
  private doubts = 0;
  private readonly hooks: (() => Promise<void>)[] = [];
  private readonly ask = new Coalesced(() => this.catchUp());

  constructor(
    private readonly transport: ClockTransport,
    private readonly options: RedisTagClockOptions,
    private readonly time: Time,
    private readonly events: CacheEventBus,
  ) {
    this.mirror = new StampTable(options.maxTags);
    this.untold = new UntoldStamps(options.maxTags);
    this.deadlines = new Deadlines(options.timeout);
    transport.onStamp((stamp) => {
      if (!this.hear(stamp, stamp.tags) && this.live) void this.ask.run().catch(() => this.noteSilence());
    });
    transport.onConnect(() => void this.beat());
  }

  instant(): Instant {
    return { epoch: this.epoch, tick: this.mirror.tick, local: this.untold.tick };
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
    return this.untold.staleBecause(instant.local, tags);
  }

  async now(): Promise<Instant> {
    // While it is away only the heartbeat knocks, so no request waits at a closed door.
    if (!this.live) throw new CacheError('CACHE_CLOCK_AWAY', 'the tag clock is away');
    await this.deadlines.within(this.ask.run(), 'asking the tag clock');
    return this.instant();
  }

  async stamp(tags: readonly string[]): Promise<Instant> {
    if (tags.length === 0) return this.instant();
    const sentAt = this.time.mono();
    const upTo = this.untold.tick;
    const texts = tagTexts(tags);
    const batches = inBatches(texts);
    let told: readonly Told[];
    try {
      told = await Promise.all(batches.map((batch) => this.tell({ tags: batch, incomplete: false, upTo })));
    } catch (error) {
      this.untold.add(texts);
      this.version += 1;
      // Law 6: what could not be stamped has to be told, and drained, before anything is trusted again.
      this.noteSilence(true);
      this.events.emit('stampFailed', tags, error);
      throw new CacheError('CACHE_STAMP_FAILED', 'the tag clock did not acknowledge a stamp', { cause: error });
    }
    this.events.emit('stamped', tags, this.time.mono() - sentAt);
    // While not live a hook may be what is stamping: the catch-up waits for the hook, so it must not wait for that.
    if (this.live && !told.every(({ placed }) => placed)) await this.learnOrDoubt();
    // Of several batches the first: nothing that was stamped since may pass for known.
    const { epoch, tick } = told.reduce((first, next) => (next.tick < first.tick ? next : first));
    return { epoch, tick, local: upTo };
  }

  async renew(): Promise<void> {
    this.hear(await this.transport.renew(), []);
    if (this.live) await this.learnOrDoubt();
  }

  /** A hook that comes when the clock is trusted already ends that, until it has run. */
  beforeTrust(hook: () => Promise<void>): void {
    this.hooks.push(hook);
    const wasLive = this.live;
    this.noteSilence(true);
    if (wasLive) void this.beat();
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

  /** Stamps tags that were untold. @throws when the clock does not acknowledge it */
  private async tell(untold: Untold): Promise<Told> {
    const { tags, incomplete } = untold;
    const reading = await (incomplete ? this.transport.renew() : this.transport.stamp(tags));
    const placed = this.hear(reading, incomplete ? [] : tags);
    if (reading.epoch === this.epoch) this.untold.forget(untold);
    else {
      this.untold.awaitPlace(untold);
      this.version += 1;
    }
    return { ...reading, placed };
  }

  /** What failed is told by the process that knows: a `set` or an `evict` without an outbox has nobody else to do it. */
  private async tellUntold(): Promise<void> {
    const untold = this.untold.all();
    if (untold.incomplete) return void (await this.tell(untold));
    for (const tags of inBatches(untold.tags)) await this.tell({ ...untold, tags });
  }

  /** Asks; no trust when there is no answer. */
  private async learnOrDoubt(): Promise<void> {
    await this.ask.run().catch(() => this.noteSilence(true));
  }

  private async catchUp(): Promise<void> {
    const { live: wasLive, doubts } = this;
    // Law 6: tell and drain, then catch up, then trust.
    if (!wasLive || this.untold.all().incomplete) await this.tellUntold();
    if (!wasLive) {
      for (const hook of this.hooks) await withDeadline(hook(), HOOK_DEADLINE, 'a hook before trusting the clock');
    }
    const learned = this.untold.asking();
    const sentAt = await this.learnDifference();
    learned();
    // A stamp failed meanwhile: what it was about is not told yet, and the next beat has to begin again.
    if (doubts !== this.doubts) return;
    this.heardAt = sentAt;
    if (wasLive) return;
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
    if (certain) {
      this.doubts += 1;
      this.heardAt = -Infinity;
    }
    if (!this.live || this.time.mono() - this.heardAt < this.options.maxLag) return;
    this.live = false;
    this.events.emit('clock', 'away', this.epoch);
  }
}
