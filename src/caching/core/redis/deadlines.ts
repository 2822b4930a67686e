import { CacheError } from '../../caching.errors';

interface Call {
  /** `performance.now()` from which it is late. */
  due: number;
  hadMore: boolean;
  readonly expire: () => void;
}

/**
 * `withDeadline` for many calls of one length: one timer looks after all of them, as a timer and a race for each were a
 * good part of what a call to Redis costs. The same holds here: nothing is aborted, and as a stall of the event loop is
 * not the server's silence, each call gets that time back, once.
 */
export class Deadlines {
  private readonly calls = new Set<Call>();
  private timer?: NodeJS.Timeout;

  constructor(
    /** Milliseconds one call may take. */
    private readonly ms: number,
  ) {}

  /** Waits for `work` no longer than that. @throws CacheError `CACHE_TIMEOUT` */
  within<T>(work: Promise<T>, what: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const expire = (): void => reject(new CacheError('CACHE_TIMEOUT', `${what} took longer than ${this.ms} ms`));
      const call: Call = { due: performance.now() + this.ms, hadMore: false, expire };
      this.calls.add(call);
      this.timer ??= this.lookIn(this.ms);
      work.then(
        (value) => {
          this.calls.delete(call);
          resolve(value);
        },
        (error: Error) => {
          this.calls.delete(call);
          reject(error);
        },
      );
    });
  }

  private look(): void {
    const now = performance.now();
    let next = Infinity;
    for (const call of this.calls) {
      if (call.due <= now && call.hadMore) {
        this.calls.delete(call);
        call.expire();
        continue;
      }
      if (call.due <= now) {
        call.hadMore = true;
        call.due = now + Math.min(now - call.due, this.ms);
      }
      next = Math.min(next, call.due);
    }
    this.timer = next === Infinity ? undefined : this.lookIn(next - now);
  }

  private lookIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.look(), Math.ceil(ms)).unref();
  }
}
