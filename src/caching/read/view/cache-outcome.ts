import type { ServerResponse } from 'node:http';
import type { CacheResult } from '../../core/store/entry';

/** What a request was answered from. `none`: its route is not cached. `bypass`: it is, and this request went past. */
export const SOURCES = ['l1', 'l2', 'stale', 'grace', 'collapsed', 'source', 'bypass', 'none'] as const;
export type Source = (typeof SOURCES)[number];

const SOURCE = Symbol('source');
type Noted = ServerResponse & { [SOURCE]?: Source };

/** Noted on the answer itself, for whoever measures requests: from outside it cannot be seen. */
export function noteSource(response: ServerResponse, source: Source): void {
  (response as Noted)[SOURCE] = source;
}

export function notedSource(response: ServerResponse): Source {
  return (response as Noted)[SOURCE] ?? 'none';
}

export function sourceOf({ outcome, tier, collapsed }: Pick<CacheResult, 'outcome' | 'tier' | 'collapsed'>): Source {
  if (collapsed) return 'collapsed';
  return outcome === 'hit' || outcome === 'miss' ? tier : outcome;
}
