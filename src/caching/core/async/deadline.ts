import { CacheError } from '../../caching.errors';

interface Call {
  /** `performance.now()` from which the call is late. */
  due: number;
  isExtended: boolean;
  readonly expire: () => void;
}

/**
 * Waits for `work` no longer than `ms`. The work is not aborted: Redis replies to a command that was sent, and removing the
 * command from the client's queue would assign every later reply to the wrong command.
 * After a stall of the event loop, the deadline is extended once by the time its timer was late. So sockets are read
 * before the deadline counts; after a stall, timers run first.
 * @throws CacheError `CACHE_TIMEOUT`
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const due = performance.now() + ms;
    const expire = (): void => reject(new CacheError('CACHE_TIMEOUT', `${what} took longer than ${ms} ms`));
    const extend = (): void => {
      // A timer may also fire a fraction of a millisecond early.
      const lateBy = Math.max(0, performance.now() - due);
      timer = setTimeout(expire, Math.min(lateBy, ms)).unref();
    };
    timer = setTimeout(extend, ms).unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `withDeadline` for many calls of one length: they share one timer, because a timer for each is a good part of what a call costs. */
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
      const call: Call = { due: performance.now() + this.ms, isExtended: false, expire };
      this.calls.add(call);
      this.timer ??= this.checkIn(this.ms);
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

  private check(): void {
    const now = performance.now();
    let next = Infinity;
    for (const call of this.calls) {
      if (call.due <= now && call.isExtended) {
        this.calls.delete(call);
        call.expire();
        continue;
      }
      if (call.due <= now) {
        call.isExtended = true;
        call.due = now + Math.min(now - call.due, this.ms);
      }
      next = Math.min(next, call.due);
    }
    this.timer = next === Infinity ? undefined : this.checkIn(next - now);
  }

  private checkIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.check(), Math.ceil(ms)).unref();
  }
}
