import { type CacheEntry, type CacheResult, type Failure, overdue, remainingTtl } from '../entry';
import type { StoreParts } from '../store-parts';

/** Loading failed: the newest entry that is still within its grace is served, and marked. */
export class Grace {
  constructor(private readonly parts: StoreParts) {}

  /** @throws `error`, the load's own, when there is nothing to serve */
  rescue(
    key: string,
    fromL2: CacheEntry | undefined,
    attempt: Pick<Failure, 'at' | 'since'>,
    error: unknown,
  ): CacheResult {
    const { l1, time, backOff } = this.parts;
    const entry = newest(l1.get(key), fromL2);
    if (!entry || !this.isWithin(entry)) throw error;
    const count = (entry.failure?.count ?? 0) + 1;
    const rest = Math.min(backOff.first * 2 ** (count - 1), backOff.most);
    entry.failure = { ...attempt, count, retryAt: time.mono() + rest };
    l1.set(entry);
    this.parts.events.emit('grace', key, error);
    return this.result(entry);
  }

  result(entry: CacheEntry): CacheResult {
    const ttl = remainingTtl(entry, this.parts.time.wall());
    return { entry, outcome: 'grace', tier: 'l1', collapsed: false, stored: true, ttl };
  }

  isWithin(entry: CacheEntry): boolean {
    const { time } = this.parts;
    return overdue(entry, time.wall(), time.mono()) < entry.graceMs;
  }
}

function newest(a: CacheEntry | undefined, b: CacheEntry | undefined): CacheEntry | undefined {
  return a && b ? (a.createdAt >= b.createdAt ? a : b) : (a ?? b);
}
