import type { CacheEntry, CacheResult } from '../store/entry';
import { encodedEtag } from './etag';
import type { Encoding } from './encoding';
import type { ViewAnswer } from './view-answer';
import type { ViewRoute } from './view-route';

/** Why a request went past the cache: the `detail` of Cache-Status. */
export type BypassReason = 'off' | 'authorization' | 'cookie' | 'no-user' | 'not-cacheable';

/** How the cache dealt with a request, for the answer to say. */
export type Verdict = Pick<CacheResult, 'outcome' | 'tier' | 'collapsed' | 'stored' | 'ttl'>;

/** RFC 9211. `name` is this cache's own. */
export function cacheStatus(name: string, { outcome, tier, collapsed, stored, ttl }: Verdict): string {
  switch (outcome) {
    case 'hit':
      return `${name}; hit; ttl=${ttl}; detail=${tier}`;
    case 'stale':
    case 'grace':
      return `${name}; hit; ttl=${ttl}; detail=${outcome}`;
    case 'miss':
      return `${name}; fwd=uri-miss${collapsed ? '; collapsed' : stored ? '; stored' : ''}`;
  }
}

export function bypassStatus(name: string, why: BypassReason): string {
  return `${name}; fwd=bypass; detail=${why}`;
}

/** As @nestjs/cache-manager has it, with the two answers it does not know. */
export function xCache(outcome: CacheResult['outcome']): string {
  const names = { hit: 'HIT', miss: 'MISS', stale: 'STALE', grace: 'STALE' } as const;
  return names[outcome];
}

/**
 * RFC 9111 §4.2.3 counts from when the answer was made *or validated at the origin*. What the tag clock has just found fresh
 * is validated, whenever it was made; what grace serves is as old as it is.
 */
export function ageOf(entry: CacheEntry, outcome: CacheResult['outcome'], wall: number): number {
  const unproven = outcome === 'stale' || outcome === 'grace';
  return unproven ? Math.max(0, Math.floor((wall - entry.createdAt) / 1_000)) : 0;
}

/** What a cached route's answer says about itself beside its own headers. A 304 carries the same (RFC 9110 §15.4.5). */
export function validators(route: ViewRoute, answer: ViewAnswer, encoding: Encoding): Record<string, string> {
  return {
    etag: encodedEtag(answer.etag, encoding),
    'cache-control': route.cacheControl,
    vary: route.vary,
    ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
  };
}
