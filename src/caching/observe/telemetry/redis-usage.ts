import type { RedisClient } from '../../core/redis/client';

/** What Redis says of itself, all masters together. */
export interface RedisUsage {
  memory: number;
  /** Bytes; 0: no bound. */
  maxMemory: number;
  evictedKeys: number;
  hits: number;
  misses: number;
}

/** Milliseconds one answer serves: whoever asks for metrics without a pause does not ask Redis so. */
const GOOD_FOR = 1_000;

/** Asks Redis for INFO when somebody wants to know. Away, it is undefined, and nothing else happens. */
export class RedisUsageReader {
  private asked = -Infinity;
  private answer: Promise<RedisUsage | undefined> = Promise.resolve(undefined);

  constructor(private readonly link: RedisClient | undefined) {}

  read(): Promise<RedisUsage | undefined> {
    if (!this.link?.isUp) return Promise.resolve(undefined);
    if (performance.now() - this.asked < GOOD_FOR) return this.answer;
    this.asked = performance.now();
    this.answer = this.link.info('memory', 'stats').then(sumOf, () => undefined);
    return this.answer;
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
