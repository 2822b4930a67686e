import type { Shareable } from '../../../edge/edge-headers';
import type { CacheEntry, CacheResult } from '../../../core/store/entry';
import { mergeVary } from './directives';
import { encodedEtag } from './etag';
import type { Encoding } from './encoding';
import type { StoredResponse } from './stored-response';
import type { ViewRoute } from '../route/view-route';

/** Why a request bypassed the cache: the `detail` of Cache-Status. */
export type BypassReason = 'off' | 'authorization' | 'cookie' | 'user' | 'no-user' | 'not-cacheable' | 'unkeyed';

/** How the cache handled a request, for the headers of its response. */
export type Verdict = Pick<CacheResult, 'outcome' | 'tier' | 'collapsed' | 'stored' | 'ttl'> & {
  /** The client requested a reload with `no-cache`, and is allowed to. */
  readonly requested?: boolean;
  /** Wall clock in ms when the oldest part that came from grace was created; undefined: no part did. */
  readonly staleSince?: number;
};

/** A cache's name as RFC 8941 writes it: a token where it can be one. */
export function cacheName(prefix: string): string {
  return /^[A-Za-z]/.test(prefix) ? prefix : `"${prefix}"`;
}

/** RFC 9211. `name` is this cache's own. */
export function cacheStatus(
  name: string,
  { outcome, tier, collapsed, stored, ttl, requested, staleSince }: Verdict,
): string {
  switch (outcome) {
    case 'hit':
      return `${name}; hit; ttl=${ttl}; detail=${tier}`;
    case 'stale':
    case 'grace':
      return `${name}; hit; ttl=${ttl}; detail=${outcome}`;
    case 'miss':
      return `${name}; fwd=${requested ? 'request' : 'uri-miss'}${collapsed ? '; collapsed' : stored ? '; stored' : ''}${staleSince === undefined ? '' : '; detail=grace'}`;
  }
}

export function bypassStatus(name: string, why: BypassReason): string {
  return `${name}; fwd=bypass; detail=${why}`;
}

/** The values of @nestjs/cache-manager, and STALE. */
export function xCache(outcome: CacheResult['outcome'], staleSince?: number): string {
  if (staleSince !== undefined) return 'STALE';
  const names = { hit: 'HIT', miss: 'MISS', stale: 'STALE', grace: 'STALE' } as const;
  return names[outcome];
}

/**
 * Seconds for `Age`. RFC 9111 §4.2.3 counts from when a response was generated *or validated at the origin*. An entry that
 * the tag clock has just found fresh is validated; one served by grace or past its TTL has its true age, and a response with a
 * part from grace the age of that part.
 */
export function ageOf(
  entry: CacheEntry,
  { outcome, staleSince }: Pick<Verdict, 'outcome' | 'staleSince'>,
  wall: number,
): number {
  if (staleSince !== undefined) return secondsSince(staleSince, wall);
  return outcome === 'stale' || outcome === 'grace' ? secondsSince(entry.createdAt, wall) : 0;
}

/** Headers of a response that is not cached: why, or that a part of it came from grace, with its true age. */
export function uncachedMarks(name: string, why: BypassReason, staleSince: number | undefined, wall: number): Marks {
  if (staleSince === undefined) return { 'cache-status': bypassStatus(name, why), 'x-cache': 'BYPASS' };
  const age = String(secondsSince(staleSince, wall));
  return { 'cache-status': `${name}; fwd=bypass; detail=grace`, 'x-cache': xCache('grace'), age };
}

/** How this cache took part in a response. */
export interface Marks {
  readonly 'cache-status': string;
  readonly 'x-cache': string;
  readonly age?: string;
}

function secondsSince(then: number, wall: number): number {
  return Math.max(0, Math.floor((wall - then) / 1_000));
}

/**
 * Headers of a cached route's response beside the stored ones. A `Cache-Control` of the handler's own replaces the route's.
 * @param kept undefined: shared caches must not store it
 */
export function validators(
  route: ViewRoute,
  response: StoredResponse,
  encoding: Encoding,
  kept: Shareable | undefined,
): Record<string, string> {
  return {
    etag: encodedEtag(response.etag, encoding),
    ...(response.headers['cache-control'] === undefined ? route.freshness(kept) : {}),
    vary: mergeVary(response.headers['vary'], route.vary),
    ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
  };
}

/** Headers that describe a body are left out of a 304 (RFC 9110 §15.4.5). */
const OF_THE_BODY = ['content-type', 'content-encoding', 'content-language'] as const;

export function withoutBody(headers: Record<string, string>): Record<string, string> {
  const rest = { ...headers };
  for (const name of OF_THE_BODY) delete rest[name];
  return rest;
}
