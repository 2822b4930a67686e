import { CacheError } from '../../caching.errors';

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
    const giveBack = (): void => {
      // A timer may also fire a fraction of a millisecond early.
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
