import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { CacheEventBus } from '../../caching.events';
import type { ResolvedOptions } from '../../caching.options';
import { Coalesced } from '../../core/async/coalesced';
import { withDeadline } from '../../core/async/deadline';
import type { TagClock } from '../../core/clock/tag-clock';
import type { DrainParticipant } from './drain-participant';
import { BORROWED, countOutbox, drainOutbox, type OutboxRecord, PREPARED, prepareDrains, StuckError } from './outbox';
import type { OutboxSession } from './session';
import type { TagRules } from '../capture/tag-rules';
import { CHANNEL } from '../capture/outbox-table';

/** Milliseconds that a writer's answer may wait for its eviction beyond what that takes when all is well. */
const PATIENCE = 500;
const PAUSE = 20;

/** Turns outbox records into stamps. Any node may, at any time, as often as it likes. */
export class Drainer {
  private readonly shared = new Coalesced<void>((stamped) =>
    this.session.use((client) => this.drainOn(client, stamped)),
  );
  /** Milliseconds after which no node trusts what it cannot verify (Law 6). */
  private readonly maxLag: number;
  private stuckSince: number | undefined;
  /** Whoever else has to hear of what is evicted. */
  participant?: DrainParticipant;

  constructor(
    private readonly session: OutboxSession,
    private readonly rules: TagRules,
    private readonly clock: TagClock,
    private readonly events: CacheEventBus,
    private readonly options: Pick<ResolvedOptions, 'maxLag' | 'l2Timeout' | 'tracing'>,
  ) {
    this.maxLag = options.maxLag;
  }

  /** How long the oldest record has been waiting, in ms; 0 when all are drained, as far as this process knows. */
  get oldestMs(): number {
    return this.stuckSince === undefined ? 0 : Date.now() - this.stuckSince;
  }

  /** What a new connection of the session's own has to hear before it may drain. */
  async prepare(client: ClientBase): Promise<void> {
    // How long a drain may hold records, and wait for another that does.
    await prepareDrains(client, Math.ceil(Math.max(this.maxLag / 2, 4 * this.options.l2Timeout, PATIENCE)));
  }

  /** How many records wait, where that can be asked. @throws what the driver throws */
  waiting(): Promise<number> {
    return this.session.use(countOutbox);
  }

  /**
   * When it resolves, every record that was committed before the call is stamped. Calls at the same time share one run.
   * That the records are gone is not waited for: one that is still there is stamped again, which is harmless.
   */
  drain(): Promise<void> {
    return this.shared.run();
  }

  /** Resolves when a drain that was running at the call has ended, its records gone for good. */
  idle(): Promise<void> {
    return this.shared.idle();
  }

  /**
   * Law 4, for a writer that has just committed: resolves when its records are stamped, or, at the latest, when its
   * patience ends. Never rejects: the write is done, and the records will be drained by whoever can.
   * If this node cannot stamp, another may: it is called, and as soon as the records are gone all is well. Once nobody
   * could for maxLag, no node trusts what it has not just read (Law 6), and waiting would only make writers slow.
   * @returns false when it goes on unstamped
   */
  async waitUntilStamped(writer: ClientBase): Promise<boolean> {
    const patience = this.oldestMs > this.maxLag ? 0 : PATIENCE;
    const start = Date.now();
    for (;;) {
      const left = patience - (Date.now() - start);
      const drained = this.session.borrows ? this.drainOn(writer) : this.drain();
      const error = await this.outcome(drained, left);
      if (error === undefined) return true;
      if (left <= PAUSE) {
        this.events.emit('evictionLate', Date.now() - start, error);
        return false;
      }
      await Promise.all([this.callOthers(), sleep(PAUSE)]);
    }
  }

  /** A borrowed connection is given back only when it is no longer used. */
  private async outcome(drained: Promise<void>, left: number): Promise<unknown> {
    try {
      await (this.session.borrows ? drained : withDeadline(drained, Math.max(left, PAUSE), 'eviction'));
      return undefined;
    } catch (error) {
      return error ?? new Error('unknown');
    }
  }

  /** Only for a writer that waits: nodes that answered each other's failures would never stop. */
  private async callOthers(): Promise<void> {
    if (this.session.borrows) return;
    await this.session.use((client) => client.query(`NOTIFY ${CHANNEL}`)).catch(() => undefined);
  }

  /** @param stamped hears that all is stamped, before the records are gone */
  private async drainOn(client: ClientBase, stamped?: () => void): Promise<void> {
    try {
      const records = await drainOutbox(
        client,
        this.session.borrows ? BORROWED : PREPARED,
        (batch) => this.stamp(batch),
        () => {
          this.stuckSince = undefined;
          stamped?.();
        },
      );
      if (records > 0) this.participant?.committed();
    } catch (error) {
      this.events.emit('drainFailed', error);
      if (error instanceof StuckError) this.stuckSince = Date.now() - error.oldestMs;
      this.stuckSince ??= Date.now();
      throw error;
    }
  }

  private async stamp(records: readonly OutboxRecord[]): Promise<string> {
    const start = performance.now();
    const tags = this.rules.tagsOf(records);
    const size = { 'cache.records': records.length, 'cache.tags': tags.length };
    await this.options.tracing.span('cache.drain', size, () => this.clock.stamp(tags));
    this.events.emit('drained', records.length, tags, performance.now() - start);
    return this.participant?.record(tags) ?? '';
  }
}
