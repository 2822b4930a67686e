import type { Logger } from '@nestjs/common';
import { DEGRADED_AFTER_MS } from '../caching.tokens';

/** Milliseconds between two lines about the same trouble. */
const REMINDER = 30_000;

/** Says in the log that something has been waiting for too long, again now and then, and once that it is over. */
export class BacklogAlert {
  private warnedAt: number | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly words: { readonly late: string; readonly over: string },
  ) {}

  /** @param oldestMs age of the oldest record in milliseconds; 0: none waits @param why further fields of the log line */
  report(oldestMs: number, why: Readonly<Record<string, unknown>>): void {
    if (oldestMs === 0 && this.warnedAt !== undefined) {
      this.warnedAt = undefined;
      this.logger.log(this.words.over);
    }
    if (oldestMs <= DEGRADED_AFTER_MS || performance.now() - (this.warnedAt ?? -Infinity) < REMINDER) return;
    this.warnedAt = performance.now();
    this.logger.warn({ ...why, oldest_ms: oldestMs }, this.words.late);
  }
}
