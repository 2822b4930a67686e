import { CacheError } from '../../caching.errors';
import type { CacheEventBus } from '../../caching.events';
import { Coalesced } from '../async/coalesced';
import { Deadlines, withDeadline } from '../async/deadline';
import type { Time } from '../async/time';
import { type ClockReading, type ClockStamp, type ClockTransport, inBatches } from './redis-clock-transport';
import { ClockMirror } from './clock-mirror';
import { everyUserTags } from './pseudonyms';
import type { Instant, StaleReason, StampInstant, TagClock } from './tag-clock';
import { type PendingBatch, PendingStamps } from './pending-stamps';

export interface RedisTagClockOptions {
  /** Milliseconds without a reply after which the clock counts as unavailable (Law 6). */
  maxLag: number;
  /** Deadline of one query in milliseconds. */
  timeout: number;
  /** Tags remembered; older ones raise the floor. */
  maxTags: number;
}

/** The clock's reply to a stamp, and whether the mirror could apply it without another query. */
type StampReply = ClockReading & { readonly applied: boolean };

/** How long a `beforeTrust` hook may take, in milliseconds, before the node tries again at the next heartbeat. */
const HOOK_DEADLINE = 5_000;

/**
 * A mirror of the shared clock. Published stamps advance it by one; whatever does not fit (a gap, another epoch, a
 * reconnect, a heartbeat) makes it request the difference. Only the reply to its own request may move it across a
 * gap or into another epoch: queries never overlap and late replies are dropped, so the mirror never goes back.
 */
export class RedisTagClock implements TagClock {
  lastSyncAt = -Infinity;
  private readonly mirror: ClockMirror;
  private readonly pending: PendingStamps;
  private readonly deadlines: Deadlines;
  private isLive = false;
  /** Grows whenever something is known to be missing: a query from before may not end the doubt. */
  private trustLosses = 0;
  private readonly hooks: (() => Promise<void>)[] = [];
  private readonly syncOnce = new Coalesced(() => this.sync());

  constructor(
    private readonly transport: ClockTransport,
    private readonly options: RedisTagClockOptions,
    private readonly time: Time,
    private readonly events: CacheEventBus,
  ) {
    this.mirror = new ClockMirror(options.maxTags, events);
    this.pending = new PendingStamps(options.maxTags);
    this.deadlines = new Deadlines(options.timeout);
    transport.onStamp((stamp) => void this.receive(stamp));
    transport.onConnect(() => void this.beat());
  }

  get version(): number {
    return this.mirror.version;
  }

  instant(): Instant {
    return { epoch: this.mirror.epoch, tick: this.mirror.tick, localTick: this.pending.tick };
  }

  lastStamp(tags: readonly string[]): number {
    return this.mirror.lastStamp(tags);
  }

  /** Law 3. */
  staleBecause(instant: Instant, tags: readonly string[]): StaleReason | undefined {
    return this.mirror.staleBecause(instant, tags) ?? this.pending.staleBecause(instant.localTick, tags);
  }

  async now(): Promise<Instant> {
    // While the clock is unavailable only the heartbeat queries it, so no request waits for a deadline.
    if (!this.isLive) throw new CacheError('CACHE_CLOCK_UNAVAILABLE', 'the tag clock is unavailable');
    await this.deadlines.within(this.syncOnce.run(), 'querying the tag clock');
    return this.instant();
  }

  async stamp(tags: readonly string[]): Promise<StampInstant> {
    if (tags.length === 0) return { ...this.instant(), lastTick: this.mirror.tick };
    const sentAt = this.time.mono();
    const upTo = this.pending.tick;
    const texts = this.tagTexts(tags);
    const batches = inBatches(texts);
    let replies: readonly StampReply[];
    try {
      replies = await Promise.all(batches.map((batch) => this.send({ tags: batch, incomplete: false, upTo })));
    } catch (error) {
      // By the time it is sent, the epoch may be another one, with other pseudonyms.
      this.pending.add([...texts, ...everyUserTags(texts)]);
      this.mirror.version += 1;
      // Law 6: pending stamps have to be sent, and the outbox drained, before anything is trusted again.
      this.markUnavailable(true);
      this.events.emit('stampFailed', texts, error);
      throw new CacheError('CACHE_STAMP_FAILED', 'the tag clock did not acknowledge a stamp', { cause: error });
    }
    this.events.emit('stamped', texts, this.time.mono() - sentAt);
    // While not live a hook may be what is stamping: the catch-up waits for the hook, so it must not wait for that.
    if (this.isLive && !replies.every(({ applied }) => applied)) await this.syncOrDistrust();
    const missed = this.mirror.missedUsers(texts, replies);
    if (missed.length > 0) return this.stamp(missed);
    // Of several batches the first: nothing that was stamped since may pass for known.
    const { epoch, tick } = replies.reduce((first, next) => (next.tick < first.tick ? next : first));
    return { epoch, tick, localTick: upTo, lastTick: Math.max(...replies.map((reply) => reply.tick)) };
  }

  deriveTags(derive: (tag: string) => readonly string[]): void {
    this.mirror.deriveTags(derive);
  }

  pseudonym(user: string): string {
    return this.mirror.pseudonyms.of(user);
  }

  tagTexts(tags: Iterable<string>): string[] {
    return this.mirror.pseudonyms.tagTexts(tags);
  }

  dependencyTexts(tags: Iterable<string>): string[] {
    return this.mirror.pseudonyms.dependencyTexts(tags);
  }

  async renew(): Promise<void> {
    this.mirror.apply(await this.transport.renew(), []);
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

  /** Where a published stamp does not fit, the clock is queried. No node made a stamp that is ahead of the reply. */
  private async receive(stamp: ClockStamp): Promise<void> {
    if (this.mirror.applyPublished(stamp) || !this.isLive) return;
    try {
      await this.syncOnce.run();
      if (this.mirror.isBehind(stamp)) this.events.emit('foreign', 'message', this.transport.channel);
    } catch {
      this.markUnavailable();
    }
  }

  /** Sends pending stamps. @throws when the clock does not acknowledge them */
  private async send(batch: PendingBatch): Promise<StampReply> {
    const { tags, incomplete } = batch;
    const reading = await (incomplete ? this.transport.renew() : this.transport.stamp(tags));
    const applied = this.mirror.apply(reading, incomplete ? [] : tags);
    if (reading.epoch === this.mirror.epoch) this.pending.forget(batch);
    else {
      this.pending.awaitSync(batch);
      this.mirror.version += 1;
    }
    return { ...reading, applied };
  }

  /** Sends the stamps that failed. Without an outbox no other process can: only this one knows of a failed `set` or `evict`. */
  private async sendPending(): Promise<void> {
    const pending = this.pending.all();
    if (pending.incomplete) return void (await this.send(pending));
    for (const tags of inBatches(pending.tags)) await this.send({ ...pending, tags });
  }

  /** Queries the clock. Without a reply trust ends. */
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
    this.mirror.version += 1;
    this.events.emit('clock', 'live', this.mirror.epoch);
  }

  /** Fetches page by page until nothing is missing. Returns when the last query was sent, from which Law 6 counts. */
  private async fetchMissed(): Promise<number> {
    for (;;) {
      const sentAt = this.time.mono();
      const difference = await this.transport.since(this.mirror.epoch, this.mirror.tick);
      if (this.mirror.hasLeft(difference.epoch)) await this.transport.renew();
      else if (this.mirror.learn(difference)) return sentAt;
    }
  }

  /** A query got no reply. `certain`: this node is known to lack a stamp, so trust ends at once. */
  private markUnavailable(certain = false): void {
    if (certain) {
      this.trustLosses += 1;
      this.lastSyncAt = -Infinity;
    }
    if (!this.isLive || this.time.mono() - this.lastSyncAt < this.options.maxLag) return;
    this.isLive = false;
    this.events.emit('clock', 'unavailable', this.mirror.epoch);
  }
}
