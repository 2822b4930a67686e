import { CacheError } from './caching.errors';

/**
 * Waits for `work` no longer than `ms`. The work itself is not aborted: a command that was sent to Redis will be
 * answered, and taking it out of the client's queue would shift every later reply (FIELD: AbortSignal crashed there).
 * @throws CacheError `CACHE_TIMEOUT`
 */
export async function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CacheError('CACHE_TIMEOUT', `${what} took longer than ${ms} ms`)), ms).unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
