import { Logger } from '@nestjs/common';
import { BacklogAlert } from '../backlog-alert';
import { CacheError } from '../../caching.errors';
import type { CacheEventBus } from '../../caching.events';
import { Heartbeat } from '../../core/async/heartbeat';
import type { TagClock } from '../../core/clock/tag-clock';
import type { Drainer } from './drainer';

/** Looks at the outbox in one maxLag: one may come late and another find the database busy. */
const LOOKS_PER_LAG = 4;
const SHORTEST = 50;
const LONGEST = 500;

/** Drains again and again what nobody else did: other programs' writes that woke nobody, and those of writers that died. */
export class OutboxPoller {
  private readonly backlog = new BacklogAlert(new Logger('Outbox'), {
    late: 'writes are not being evicted: the outbox cannot be drained',
    over: 'the outbox is drained again',
  });
  private readonly beats: readonly Heartbeat[];
  /** Somebody took this process's place while it had no connection: it hears nothing any more, so it keeps nothing. */
  private lostClockLock = false;
  private waiting = 0;

  constructor(
    private readonly drainer: Drainer,
    private readonly clock: TagClock,
    private readonly events: CacheEventBus,
    maxLag: number,
  ) {
    const every = Math.min(Math.max(maxLag / LOOKS_PER_LAG, SHORTEST), LONGEST);
    this.beats = [new Heartbeat(() => this.poll(), every), new Heartbeat(() => this.forget(), every)];
  }

  start(): void {
    for (const beat of this.beats) beat.start();
  }

  stop(): void {
    for (const beat of this.beats) beat.stop();
  }

  private async poll(): Promise<void> {
    const error = await this.drainer.drain().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    this.lostClockLock = isNotAlone(error) || (this.lostClockLock && error !== undefined);
    await this.forget();
    const { oldestMs } = this.drainer;
    if (error === undefined) this.waiting = 0;
    else if (!this.lostClockLock) this.waiting = await this.drainer.waiting().catch(() => this.waiting);
    this.events.emit('outbox', oldestMs, this.waiting);
    this.backlog.report(oldestMs, { err: error });
  }

  /** Looks take seconds while another is in our place; what is kept meanwhile must not get older than maxLag. */
  private async forget(): Promise<void> {
    if (this.lostClockLock) await this.clock.renew().catch(() => undefined);
  }
}

function isNotAlone(error: unknown): boolean {
  return error instanceof CacheError && error.code === 'CACHE_CLOCK_CONFLICT';
}
