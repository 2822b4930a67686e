import { delayAfter } from '../../async/backoff';
import { isAbandonment } from '../../async/waiters';
import { type CacheEntry, type CacheResult, type Failure, foundIn, isWithinGrace, overdue } from '../entry';
import { isRefusal } from './refusal';
import type { StoreParts } from '../store-parts';

/**
 * Grace (fail-safe, stale-if-error): after a failed load, serves the newest entry within its grace, marked. The source is
 * not queried again during the back-off. Grace never replaces a refusal, which is the response of a healthy source.
 * @throws `error`, the load's own, when there is no entry to serve
 */
export function rescue(
  { l1, time, backOff, events }: StoreParts,
  key: string,
  fromL2: CacheEntry | undefined,
  attempt: Pick<Failure, 'at' | 'since'>,
  error: unknown,
): CacheResult {
  if (isRefusal(error) || isAbandonment(error)) throw error;
  const entry = newest(l1.get(key), fromL2);
  if (!entry || !isWithinGrace(entry, overdue(entry, time.wall(), time.mono()))) throw error;
  const count = (entry.failure?.count ?? 0) + 1;
  entry.failure = { ...attempt, count, retryAt: time.mono() + delayAfter(backOff, count) };
  l1.set(entry);
  events.emit('grace', key, error);
  return foundIn('l1', entry, time.wall(), 'grace');
}

function newest(a: CacheEntry | undefined, b: CacheEntry | undefined): CacheEntry | undefined {
  return a && b ? (a.createdAt >= b.createdAt ? a : b) : (a ?? b);
}
