import type { ServerResponse } from 'node:http';
import type { CacheResult } from '../../core/store/entry';

/** What a request was answered from. `none`: its route is not cached. `bypass`: it is, and this request went past. */
export const CACHE_OUTCOMES = ['l1', 'l2', 'stale', 'grace', 'collapsed', 'source', 'bypass', 'none'] as const;
export type CacheOutcome = (typeof CACHE_OUTCOMES)[number];

const SOURCE = Symbol('source');
type Noted = ServerResponse & { [SOURCE]?: CacheOutcome };

/** Noted on the answer itself, for whoever measures requests: from outside it cannot be seen. */
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
