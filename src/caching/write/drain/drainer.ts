import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase, QueryResult } from 'pg';
import { CacheError } from '../../caching.errors';
import type { CacheStack } from '../../core/cache-stack';
import { Coalesced } from '../../core/async/coalesced';
import { withDeadline } from '../../core/async/deadline';
import { CHANNEL } from '../capture/outbox-table';
import type { TagRules } from '../capture/tag-rules';
import type { StampInstant } from '../../core/clock/tag-clock';
import { Batches, type Stamped, StuckError } from './batches';
import type { DrainParticipant } from './drain-participant';
import { countOutbox, OutboxCursor, type OutboxStart, prepareDrains, type TakenRecord } from './outbox';
import type { OutboxSession } from './session';
import { type BatchStart, WriteThrough } from './write-through';

/** Milliseconds that a writer's response may wait for its stamp beyond what that takes when all is well. */
const PATIENCE = 500;
const PAUSE = 20;
const MARGIN = 50;

/** Has the clock stamp what was drained. @throws CacheError when the stamp was not acknowledged, or by a clock that is not this database's */
export type Stamp = (tags: readonly string[]) => Promise<StampInstant>;

/** What a writer learns of its stamp. */
export interface Acknowledgement {
  /** The clock has stamped what it wrote, here or on another node. False: its patience ended first. */
  readonly isStamped: boolean;
  /** A stamp of this node that is not older than the writer's. Undefined: this node found nothing to stamp. */
  readonly at?: StampInstant;
}

/** How one attempt of a writer to be stamped ended. */
interface Outcome {
  readonly error?: unknown;
  readonly at?: StampInstant;
}

interface Drained {
  readonly more: boolean;
  readonly at: StampInstant | undefined;
}

/** Turns outbox records into stamps. Any node may, at any time, as often as it likes. */
export class Drainer {
  private readonly shared = new Coalesced<StampInstant | undefined>((stamped) => this.runShared(stamped));
  private readonly batches = new Batches({
    begin: () => this.writeThrough.begin(),
    stamp: (records, start, isFull) => this.stampRecords(records, start, isFull),
    stampEverything: (seen) => this.stampTags(this.rules.everything(seen)),
  });
  private readonly writeThrough: WriteThrough;
  private readonly cursors = new WeakMap<ClientBase, OutboxCursor>();
  private stuckSince: number | undefined;
  private check?: { readonly sql: string; readonly checked: (result: QueryResult | undefined) => void };
  /** Records invalidated tags durably; undefined: no edge is configured. */
  participant?: DrainParticipant;

  constructor(
    private readonly session: OutboxSession,
    private readonly rules: TagRules,
    private readonly stack: Pick<CacheStack, 'clock' | 'events' | 'options' | 'store' | 'time' | 'trust'>,
    private readonly stamp: Stamp,
  ) {
    this.writeThrough = new WriteThrough(
      stack,
      (table) => rules.writtenThrough(table),
      (table, error) => stack.events.emit('tagRuleFailed', table, error),
    );
  }

  /** How long the oldest record has been waiting, in ms; 0 when all are drained, as far as this process knows. */
  get oldestMs(): number {
    return this.stuckSince === undefined ? 0 : this.stack.time.mono() - this.stuckSince;
  }

  /** What a new connection of the session's own needs before it may drain. @returns what it found */
  async prepare(client: ClientBase): Promise<OutboxStart> {
    const { maxLag, l2Timeout } = this.stack.options;
    // How long a drain may hold records, and wait for another that does.
    await prepareDrains(client, Math.ceil(Math.max(maxLag / 2, 4 * l2Timeout, PATIENCE)));
    return this.cursorOf(client).seek(client);
  }

  /** How many records wait, where that can be read. @throws what the driver throws */
  waiting(): Promise<number> {
    return this.session.use(countOutbox);
  }

  /**
   * When it resolves, every record that was committed before the call is stamped. Calls at the same time share one run.
   * That the records are gone is not waited for: one that is still there is stamped again, which is harmless.
   * @returns the run's last stamp, undefined where it found nothing. It is later than the stamps of all records that other nodes drained
   * before: the run waited for those drains.
   */
  drain(): Promise<StampInstant | undefined> {
    return this.shared.run();
  }

  /** Drains, and runs `sql` in the same round trip. Undefined: `sql` did not run, because a drain that had begun before failed. */
  async drainAndCheck(sql: string): Promise<QueryResult | undefined> {
    let found: QueryResult | undefined;
    this.check = { sql, checked: (result) => (found = result) };
    await this.drain();
    return found;
  }

  /** Resolves when a drain that was running at the call has ended, its records gone for good. */
  idle(): Promise<void> {
    return this.shared.idle();
  }

  /**
   * Law 4, for a writer that has just committed: resolves when its records are stamped, or, at the latest, when its
   * patience ends. Never rejects: the write is done, and the records will be drained by any node that can.
   * If this node cannot stamp, another may: it is called, and as soon as the records are gone all is well.
   */
  async waitUntilStamped(writer: ClientBase): Promise<Acknowledgement> {
    const { events, time, trust } = this.stack;
    const patience = this.patience();
    const start = time.mono();
    for (;;) {
      const left = patience - (time.mono() - start);
      const drained = this.session.borrows ? this.drainBorrowed(writer) : this.drain();
      const { error, at } = await this.outcome(drained, left);
      if (error === undefined) return { isStamped: true, at };
      if (left <= PAUSE) {
        // This node's own readers must not miss the write: they get nothing cached until it is known to be stamped.
        trust.revoke(error);
        events.emit('evictionLate', time.mono() - start, error);
        return { isStamped: false };
      }
      await Promise.all([this.callOthers(), sleep(PAUSE)]);
    }
  }

  /**
   * Strict: until no node trusts a proof of before the commit. Bounded: once nothing could be stamped for that long no node
   * trusts what it has not just read (Law 6), and waiting would only make writers slow.
   */
  private patience(): number {
    const { options, trust } = this.stack;
    if (options.consistency === 'strict') return trust.lifetime + PAUSE + MARGIN;
    return this.oldestMs > trust.lifetime ? 0 : PATIENCE;
  }

  /** A borrowed connection is given back only when it is no longer used. */
  private async outcome(drained: Promise<StampInstant | undefined>, left: number): Promise<Outcome> {
    try {
      const { borrows } = this.session;
      return { at: await (borrows ? drained : withDeadline(drained, Math.max(left, PAUSE), 'the stamp of a write')) };
    } catch (error) {
      return { error: error ?? new Error('unknown') };
    }
  }

  /** Only for a writer that waits: nodes that retried each other's failures would never stop. */
  private async callOthers(): Promise<void> {
    if (this.session.borrows) return;
    await this.session.use((client) => client.query(`NOTIFY ${CHANNEL}`)).catch(() => undefined);
  }

  private drainBorrowed(writer: ClientBase): Promise<StampInstant | undefined> {
    return this.watched(this.drainOn(writer, () => undefined));
  }

  private runShared(stamped: (at: StampInstant | undefined) => void): Promise<StampInstant | undefined> {
    return this.watched(this.session.use((client) => this.drainOn(client, stamped)));
  }

  /** Whatever keeps records from being drained counts as their waiting, the connection included that there is none of. */
  private async watched(running: Promise<Drained>): Promise<StampInstant | undefined> {
    try {
      const { more, at } = await running;
      if (more) void this.drain().catch(() => undefined);
      return at;
    } catch (error) {
      // The client's own deadline; the batch itself handles the server's.
      if (error instanceof CacheError && error.code === 'CACHE_TIMEOUT') this.batches.halve();
      const now = this.stack.time.mono();
      if (error instanceof StuckError) this.stuckSince = now - error.oldestMs;
      this.stuckSince ??= now;
      this.stack.events.emit('drainFailed', error);
      throw error;
    }
  }

  /** @param stamped called when all is stamped, before the records are gone */
  private async drainOn(client: ClientBase, stamped: (at: StampInstant | undefined) => void): Promise<Drained> {
    const { check } = this;
    let last: StampInstant | undefined;
    this.check = undefined;
    const { count, more } = await this.batches.run({
      client,
      cursor: this.cursorOf(client),
      prepared: !this.session.borrows,
      check: check?.sql,
      checked: check?.checked,
      stamped: (at) => {
        this.stuckSince = undefined;
        stamped((last = at));
      },
    });
    if (count > 0) this.participant?.committed();
    return { more, at: last };
  }

  private cursorOf(client: ClientBase): OutboxCursor {
    const cursor = this.cursors.get(client) ?? new OutboxCursor();
    this.cursors.set(client, cursor);
    return cursor;
  }

  private async stampRecords(
    records: readonly TakenRecord[],
    begun: BatchStart | undefined,
    isFull: boolean,
  ): Promise<Stamped> {
    const start = performance.now();
    const tags = this.rules.tagsOf(records);
    const marks = [...this.rules.marksOf(records), ...(begun ? this.writeThrough.marks(begun, isFull) : [])];
    const size = { 'cache.records': records.length, 'cache.tags': tags.length };
    const at = await this.stack.options.tracing.span('cache.drain', size, () => this.stampTags([...tags, ...marks]));
    // Before the writer is acknowledged, so that its next read finds the row.
    if (begun) this.writeThrough.put(records, begun, at, isFull);
    this.stack.events.emit('drained', records.length, tags, performance.now() - start);
    return { at, extra: this.participant?.record(tags) ?? '' };
  }

  private stampTags(tags: readonly string[]): Promise<StampInstant> {
    return this.stamp([...new Set(tags)]);
  }
}
