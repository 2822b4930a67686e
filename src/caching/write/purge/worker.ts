import { Logger } from '@nestjs/common';
import { BacklogAlert } from '../backlog-alert';
import type { CacheEventBus } from '../../caching.events';
import { Coalesced } from '../../core/async/coalesced';
import { delayAfter } from '../../core/async/backoff';
import { withDeadline } from '../../core/async/deadline';
import { Heartbeat } from '../../core/async/heartbeat';
import { EVERYTHING, withKinds } from '../../edge/edge-tags';
import { CLAIM, type DuePurge, type PurgeQueue } from './queue';
import { PurgeError, type Purger } from './purger';

/** All in ms. After the lease another node may claim the rows. The pause after a failure doubles each time. */
const LEASE = 5_000;
const POLL_EVERY = 500;
const BACKOFF = { initialDelay: 250, maxDelay: 5_000 };

/** Purges queued tags: at once after this node's own drains, and by polling after those of other nodes. */
export class PurgeWorker {
  private readonly backlog = new BacklogAlert(new Logger('Edge'), {
    late: 'the edge cannot be purged',
    over: 'the edge is purged again',
  });
  private readonly shared = new Coalesced(() => this.work());
  private readonly heartbeat = new Heartbeat(() => this.poll(), POLL_EVERY);
  private failures = 0;
  /** `performance.now()`. */
  private pausedUntil = 0;
  /** `performance.now()` when the queue could not be read for the first time; undefined: it can. */
  private unreadSince: number | undefined;
  private lastError: unknown;

  /** @param echoAfter ms from the first purge to the second (README.md: the re-purge) */
  constructor(
    private readonly queue: PurgeQueue,
    private readonly purger: Purger,
    private readonly events: CacheEventBus,
    private readonly echoAfter: number,
  ) {}

  start(): void {
    this.heartbeat.start();
  }

  stop(): void {
    this.heartbeat.stop();
  }

  /** Purges what is due now. Never rejects. Concurrent calls share one run, which starts after they came. */
  run(): Promise<void> {
    return this.shared.run();
  }

  private async poll(): Promise<void> {
    try {
      if ((await this.queue.waiting()).due) await this.run();
      const { count, oldestMs } = await this.queue.waiting();
      this.unreadSince = undefined;
      this.events.emit('purgeQueue', count, oldestMs);
      this.backlog.report(oldestMs, { err: this.lastError, waiting: count });
    } catch (error) {
      this.events.emit('purgeFailed', error);
      this.unreadSince ??= performance.now();
      this.backlog.report(performance.now() - this.unreadSince, { err: error });
    }
  }

  private async work(): Promise<void> {
    for (let taken = CLAIM; taken === CLAIM && performance.now() >= this.pausedUntil;) {
      try {
        const due = await this.queue.claim(LEASE);
        taken = due.length;
        if (taken > 0) await this.purge(due);
      } catch (error) {
        // The database failed, or a purge, which is postponed by now.
        this.events.emit('purgeFailed', error);
        this.lastError = error;
        return;
      }
    }
  }

  private async purge(due: readonly DuePurge[]): Promise<void> {
    const start = performance.now();
    try {
      await withDeadline(this.purgeTags(due.map(({ tag }) => tag)), LEASE, 'the purge');
    } catch (error) {
      const pause = this.pauseAfter(error);
      this.pausedUntil = performance.now() + pause;
      await this.queue.postpone(due, pause);
      throw error;
    }
    this.failures = 0;
    await this.queue.markPurged(due, this.echoAfter);
    this.emitPurged(due, performance.now() - start);
  }

  private purgeTags(tags: readonly string[]): Promise<void> {
    return tags.includes(EVERYTHING) ? this.purger.purgeEverything() : this.purger.purge(withKinds(tags));
  }

  private pauseAfter(error: unknown): number {
    const own = delayAfter(BACKOFF, ++this.failures);
    const wanted = error instanceof PurgeError ? error.retryAfter : undefined;
    return wanted === undefined ? own : Math.max(wanted, BACKOFF.initialDelay);
  }

  /** A second purge is not reported: the first one was. */
  private emitPurged(due: readonly DuePurge[], ms: number): void {
    const first = due.filter(({ isRepeat }) => !isRepeat);
    if (first.length === 0) return;
    this.events.emit(
      'purged',
      first.map(({ tag }) => tag),
      ms,
      Math.max(...first.map(({ lag }) => lag)) + ms,
    );
  }
}
