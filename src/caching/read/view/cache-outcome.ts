import type { ServerResponse } from 'node:http';
import type { CacheResult } from '../../core/store/entry';

/** Where the response came from. `none`: the route is not cached. `bypass`: the route is cached, but this request bypassed the cache. */
export const CACHE_OUTCOMES = ['l1', 'l2', 'stale', 'grace', 'collapsed', 'source', 'bypass', 'none'] as const;
export type CacheOutcome = (typeof CACHE_OUTCOMES)[number];

const SOURCE = Symbol('source');
type Noted = ServerResponse & { [SOURCE]?: CacheOutcome };

/** Records the outcome on the response, for request metrics. */
export function setCacheOutcome(response: ServerResponse, source: CacheOutcome): void {
  (response as Noted)[SOURCE] = source;
}

export function cacheOutcomeOf(response: ServerResponse): CacheOutcome {
  return (response as Noted)[SOURCE] ?? 'none';
}

export function sourceOf({
  outcome,
  tier,
  collapsed,
}: Pick<CacheResult, 'outcome' | 'tier' | 'collapsed'>): CacheOutcome {
  if (collapsed) return 'collapsed';
  return outcome === 'hit' || outcome === 'miss' ? tier : outcome;
}
