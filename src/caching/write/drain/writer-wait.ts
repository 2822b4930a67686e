import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { CacheStack } from '../../core/cache-stack';
import { withDeadline } from '../../core/async/deadline';
import type { StampInstant } from '../../core/clock/tag-clock';
import { CHANNEL } from '../capture/outbox-table';
import { type Drainer, PATIENCE } from './drainer';
import type { OutboxSession } from './session';

/** Milliseconds between two attempts. */
const PAUSE = 20;
/** Milliseconds beyond the end of the last proof that another node may trust. */
const MARGIN = 50;

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

/** What a writer waits for before it is acknowledged. */
export class WriterWait {
  constructor(
    private readonly drainer: Drainer,
    private readonly session: OutboxSession,
    private readonly stack: Pick<CacheStack, 'events' | 'options' | 'trust'>,
  ) {}

  /**
   * Law 4, for a writer that has just committed: resolves when its records are stamped, or, at the latest, when its
   * patience ends. Never rejects: the write is done, and the records will be drained by any node that can.
   * If this node cannot stamp, another may: it is called, and as soon as the records are gone all is well.
   */
  async waitUntilStamped(writer: ClientBase): Promise<Acknowledgement> {
    const { events, trust } = this.stack;
    const patience = this.patience();
    // Not `Time.mono()`: a wall clock that is set forward would end the wait while other nodes still trust.
    const start = performance.now();
    const leftNow = (): number => patience - (performance.now() - start);
    for (;;) {
      const left = leftNow();
      const drained = this.session.borrows ? this.drainer.drainOn(writer) : this.drainer.drain();
      const { error, at } = await this.outcome(drained, left);
      if (error === undefined) return { isStamped: true, at };
      if (left <= PAUSE) {
        // This node's own readers must not miss the write: they get nothing cached until it is known to be stamped.
        trust.revoke(error);
        events.emit('evictionLate', performance.now() - start, error);
        return { isStamped: false };
      }
      await Promise.all([this.callOthers(leftNow()), sleep(PAUSE)]);
    }
  }

  /**
   * Strict: until no node trusts a proof of before the commit. Bounded: once nothing could be stamped for that long no node
   * trusts what it has not just read (Law 6), and waiting would only make writers slow.
   */
  private patience(): number {
    const { options, trust } = this.stack;
    if (options.consistency === 'strict') return trust.lifetime + PAUSE + MARGIN;
    return this.drainer.oldestMs > trust.lifetime ? 0 : PATIENCE;
  }

  /** One attempt. A borrowed connection has no deadline: the pool must not lend it on while the drain uses it. */
  private async outcome(drained: Promise<StampInstant | undefined>, left: number): Promise<Outcome> {
    try {
      const { borrows } = this.session;
      return { at: await (borrows ? drained : withDeadline(drained, Math.max(left, PAUSE), 'the stamp of a write')) };
    } catch (error) {
      return { error: error ?? new Error('unknown') };
    }
  }

  /** Only for a writer that waits: nodes that retried each other's failures would never stop. @param ms the session may be dialling for longer */
  private async callOthers(ms: number): Promise<void> {
    if (this.session.borrows) return;
    const call = this.session.use((client) => client.query(`NOTIFY ${CHANNEL}`));
    await withDeadline(call, Math.max(ms, PAUSE), 'calling other nodes').catch(() => undefined);
  }
}
