import type { Socket } from 'node:net';
import { pause } from './eventually';

/** Slices of a second. */
const SLICES = 20;

/** One direction of a connection that passes so many bytes a second, in order. */
export class SlowPipe {
  private last = Promise.resolve();
  /** Bytes that were taken and are not passed on yet. */
  queued = 0;

  /** @param rate bytes a second; 0: all that waits passes at once */
  constructor(
    private readonly to: Socket,
    private readonly rate: () => number,
  ) {}

  /** Passes `bytes` on after all that was written before. */
  write(bytes: Buffer): void {
    this.queued += bytes.length;
    this.last = this.last.then(() => this.pass(bytes));
  }

  private async pass(bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const rate = this.rate();
      const slice = rate === 0 ? bytes.length - from : Math.max(1, Math.floor(rate / SLICES));
      // Whoever hung up gets nothing, and what was not passed on by then never arrives.
      if (!this.to.destroyed) this.to.write(bytes.subarray(from, from + slice));
      const passed = Math.min(slice, bytes.length - from);
      from += passed;
      this.queued -= passed;
      if (rate > 0 && !this.to.destroyed) await pause(1_000 / SLICES);
    }
  }
}
