import { CacheError } from './caching.errors';
import { CacheEventBus } from './caching.events';
import { type CachingOptions, resolveOptions } from './caching.options';
import { CacheStack } from './core/cache-stack';

/** Deadline of one Redis command, in milliseconds: an operator can wait longer than a request. */
const PATIENCE = 5_000;

/**
 * Clears a prefix in Redis from outside the application. A new epoch begins, so every entry on every node is stale, and
 * their bytes in Redis are freed. Edges are not purged.
 * @returns how many entries Redis held
 * @throws CacheError `CACHE_OPTIONS` without Redis, `CACHE_REDIS_UNAVAILABLE` and `CACHE_TIMEOUT` with the cause
 */
export async function clearCache(options: Pick<CachingOptions, 'prefix' | 'redis'>): Promise<number> {
  const stack = new CacheStack(resolveOptions({ ...options, l2Timeout: PATIENCE }), new CacheEventBus());
  const { redis } = stack;
  if (!redis)
    throw new CacheError(
      'CACHE_OPTIONS',
      'without Redis each process has its own cache: restart the process to clear it',
    );
  let failed: unknown;
  stack.events.on('storeFailed', (_operation, error) => (failed ??= error));
  try {
    await stack.start();
    if (!redis.isUp) throw new CacheError('CACHE_REDIS_UNAVAILABLE', redis.fault ?? 'it does not reply');
    let count = 0;
    for (let cursor: string | undefined = '0:0'; cursor !== undefined;) {
      const page: { keys: string[]; next?: string } = await redis.scan(
        `${stack.options.prefix}:entry:*`,
        cursor,
        1_000,
      );
      count += page.keys.length;
      cursor = page.next;
    }
    await stack.store.clear();
    if (failed !== undefined) throw failed as Error;
    return count;
  } finally {
    await stack.stop();
  }
}
