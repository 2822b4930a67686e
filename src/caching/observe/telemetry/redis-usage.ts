import { Recent } from '../../core/async/recent';
import type { RedisClient } from '../../core/redis/client';

/** Redis INFO, summed over all masters. */
export interface RedisUsage {
  memory: number;
  /** Bytes; 0: no bound. */
  maxMemory: number;
  evictedKeys: number;
  hits: number;
  misses: number;
}

/** Milliseconds for which one INFO reply is reused, so that frequent scrapes do not load Redis. */
const GOOD_FOR = 1_000;

/** Reads INFO from Redis on demand; undefined while Redis is unavailable. */
export class RedisUsageReader {
  private readonly usage = new Recent<RedisUsage | undefined>(GOOD_FOR);

  constructor(private readonly link: RedisClient | undefined) {}

  read(): Promise<RedisUsage | undefined> {
    const { link } = this;
    if (!link?.isUp) return Promise.resolve(undefined);
    return this.usage.get(() => link.info('memory', 'stats').then(sumOf, () => undefined));
  }
}

function sumOf(masters: readonly string[]): RedisUsage {
  const total = (field: string): number => masters.reduce((all, info) => all + numberOf(info, field), 0);
  return {
    memory: total('used_memory'),
    maxMemory: total('maxmemory'),
    evictedKeys: total('evicted_keys'),
    hits: total('keyspace_hits'),
    misses: total('keyspace_misses'),
  };
}

function numberOf(info: string, field: string): number {
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}
