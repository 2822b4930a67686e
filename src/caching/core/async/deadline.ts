import { CacheError } from '../../caching.errors';

/**
 * Waits for `work` no longer than `ms`. The work itself is not aborted: a command that was sent to Redis will be
 * answered, and taking it out of the client's queue would shift every later reply (FIELD: AbortSignal crashed there).
 * A stall of the event loop is nobody else's silence: the deadline gives back, once, the time by which its own timer
 * was late. That is also what lets the sockets be read first; after a stall timers run before them.
 * @throws CacheError `CACHE_TIMEOUT`
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const due = performance.now() + ms;
    const expire = (): void => reject(new CacheError('CACHE_TIMEOUT', `${what} took longer than ${ms} ms`));
    const giveBack = (): void => {
      // A timer may also come a fraction of a millisecond early.
      const lateBy = Math.max(0, performance.now() - due);
      timer = setTimeout(expire, Math.min(lateBy, ms)).unref();
    };
    timer = setTimeout(giveBack, ms).unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
