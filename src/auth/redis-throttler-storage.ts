import { type ThrottlerStorage, ThrottlerStorageService } from '@nestjs/throttler';
import { type CacheStack, redisScript } from '../caching';

/**
 * KEYS: the counter. ARGV: length of a window in ms → [calls in this window, ms left of it]. The value is `<calls> <end in ms>`.
 * It uses no command beyond those of docs/redis.md.
 */
const COUNT = redisScript(`#!lua flags=allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local calls, ends = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
if not calls or tonumber(ends) <= now then calls, ends = 0, now + ARGV[1] end
calls = calls + 1
local left = ends - now
redis.call('SET', KEYS[1], string.format('%d %d', calls, ends), 'PX', left)
return { calls, left }
`);

type Record = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Counts calls in Redis, so that all nodes share one limit. The window begins with a client's first call. While Redis is
 * unavailable each node counts for itself: a limit that is too generous for a moment is better than refused writes.
 */
export class RedisThrottlerStorage implements ThrottlerStorage {
  private readonly own = new ThrottlerStorageService();

  constructor(private readonly stack: Pick<CacheStack, 'redis' | 'clock' | 'options'>) {}

  /** Times in seconds in the result, in milliseconds in the arguments, as the library has them. */
  async increment(key: string, ttl: number, limit: number, blockDuration: number, name: string): Promise<Record> {
    const { redis, clock, options } = this.stack;
    if (!redis?.isUp) return this.own.increment(key, ttl, limit, blockDuration, name);
    // A user's id does not belong into a key.
    const counter = `${options.prefix}:throttle:${clock.pseudonym(key)}`;
    try {
      const [calls, left] = (await redis.script(COUNT, counter, [String(ttl)])) as [number, number];
      const seconds = Math.ceil(left / 1_000);
      const isBlocked = calls > limit;
      return { totalHits: calls, timeToExpire: seconds, isBlocked, timeToBlockExpire: isBlocked ? seconds : 0 };
    } catch {
      return this.own.increment(key, ttl, limit, blockDuration, name);
    }
  }

  /** Clears the timers of the counts of this node. */
  onApplicationShutdown(): void {
    this.own.onApplicationShutdown();
  }
}
