import type { Shareable } from '../../../edge/edge-headers';
import type { CacheEntry, CacheResult } from '../../../core/store/entry';
import { encodedEtag } from './etag';
import type { Encoding } from './encoding';
import type { StoredResponse } from './stored-response';
import type { ViewRoute } from '../route/view-route';

/** Why a request went past the cache: the `detail` of Cache-Status. */
export type BypassReason = 'off' | 'authorization' | 'cookie' | 'no-user' | 'not-cacheable';

/** How the cache dealt with a request, for the answer to say. */
export type Verdict = Pick<CacheResult, 'outcome' | 'tier' | 'collapsed' | 'stored' | 'ttl'> & {
  /** The client asked for it to be made anew, and may. */
  readonly requested?: boolean;
  /** It was made of parts that grace saved. */
  readonly rescued?: boolean;
};

/** A cache's name as RFC 8941 writes it: a token where it can be one. */
export function cacheName(prefix: string): string {
  return /^[A-Za-z]/.test(prefix) ? prefix : `"${prefix}"`;
}

/** RFC 9211. `name` is this cache's own. */
export function cacheStatus(
  name: string,
  { outcome, tier, collapsed, stored, ttl, requested, rescued }: Verdict,
): string {
  switch (outcome) {
    case 'hit':
      return `${name}; hit; ttl=${ttl}; detail=${tier}`;
    case 'stale':
    case 'grace':
      return `${name}; hit; ttl=${ttl}; detail=${outcome}`;
    case 'miss':
      return `${name}; fwd=${requested ? 'request' : 'uri-miss'}${collapsed ? '; collapsed' : stored ? '; stored' : ''}${rescued ? '; detail=grace' : ''}`;
  }
}

export function bypassStatus(name: string, why: BypassReason): string {
  return `${name}; fwd=bypass; detail=${why}`;
}

/** As @nestjs/cache-manager has it, with the two answers it does not know. */
export function xCache(outcome: CacheResult['outcome'], rescued = false): string {
  if (rescued) return 'STALE';
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

/** What a cached route's answer says about itself beside its own headers. @param kept what shared caches may keep */
export function validators(
  route: ViewRoute,
  answer: StoredResponse,
  encoding: Encoding,
  kept: Shareable | undefined,
): Record<string, string> {
  return {
    etag: encodedEtag(answer.etag, encoding),
    ...route.freshness(kept),
    vary: route.vary,
    ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
  };
}

/** What describes a body has no place where there is none (RFC 9110 §15.4.5). */
const OF_THE_BODY = ['content-type', 'content-encoding', 'content-language'] as const;

export function withoutBody(headers: Record<string, string>): Record<string, string> {
  const rest = { ...headers };
  for (const name of OF_THE_BODY) delete rest[name];
  return rest;
}
