import type { ClientBase, QueryResult } from 'pg';
import { CacheError } from '../../caching.errors';
import type { CacheStack } from '../../core/cache-stack';
import { Coalesced } from '../../core/async/coalesced';
import type { TagRules } from '../capture/tag-rules';
import type { StampInstant } from '../../core/clock/tag-clock';
import { Batches, type Stamped, StuckError } from './batches';
import type { DrainParticipant } from './drain-participant';
import { countOutbox, OutboxCursor, type OutboxStart, prepareDrains, type TakenRecord } from './outbox';
import type { OutboxSession } from './session';
import { type BatchStart, WriteThrough } from './write-through';

/** Milliseconds that a writer's response may wait for its stamp beyond what that takes when all is well. */
export const PATIENCE = 500;

/** Has the clock stamp what was drained. @throws CacheError when the stamp was not acknowledged, or by a clock that is not this database's */
export type Stamp = (tags: readonly string[]) => Promise<StampInstant>;

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
  /** What the next run takes along, see `drainAndCheck`. */
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

  /** As `drain`, on a writer's own connection, where the session has none. */
  drainOn(writer: ClientBase): Promise<StampInstant | undefined> {
    return this.watched(this.run(writer, () => undefined));
  }

  private runShared(stamped: (at: StampInstant | undefined) => void): Promise<StampInstant | undefined> {
    return this.watched(this.session.use((client) => this.run(client, stamped)));
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
  private async run(client: ClientBase, stamped: (at: StampInstant | undefined) => void): Promise<Drained> {
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
    start: BatchStart | undefined,
    isFull: boolean,
  ): Promise<Stamped> {
    const from = performance.now();
    const tags = this.rules.tagsOf(records);
    const marks = [...this.rules.marksOf(records), ...(start ? this.writeThrough.marks(start, isFull) : [])];
    const size = { 'cache.records': records.length, 'cache.tags': tags.length };
    const at = await this.stack.options.tracing.span('cache.drain', size, () => this.stampTags([...tags, ...marks]));
    // Before the writer is acknowledged, so that its next read finds the row.
    if (start) this.writeThrough.put(records, start, at, isFull);
    this.stack.events.emit('drained', records.length, tags, performance.now() - from);
    return { at, extra: this.participant?.record(tags) ?? '' };
  }

  private stampTags(tags: readonly string[]): Promise<StampInstant> {
    return this.stamp([...new Set(tags)]);
  }
}
