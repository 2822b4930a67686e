import type { CacheEntry, Tier } from '../../../core/store/entry';
import { encodedNow, type Encoding, negotiate } from './encoding';
import { encodedEtag, matchesIfNoneMatch } from './etag';
import { RawHead } from './raw-head';
import { StoredResponse } from './stored-response';
import { cacheStatus, validators, withoutBody, xCache } from './headers';
import type { ViewRoute } from '../route/view-route';

export interface Heads {
  readonly ok: RawHead;
  readonly notModified: RawHead;
}

/** A hit's response, ready to be sent. It changes once a second, with its `ttl`; in between all clients share it. */
export interface PreparedHit {
  readonly entry: CacheEntry;
  readonly tier: Tier;
  readonly ttl: number;
  readonly etag: string;
  readonly payload: Buffer;
  /** Headers of the 200 and of the 304. */
  readonly ok: Readonly<Record<string, string>>;
  readonly notModified: Readonly<Record<string, string>>;
  /** Their text as the framework writes it, with what hooks add. */
  readonly heads: Heads;
}

export function newHeads(): Heads {
  return { ok: new RawHead(), notModified: new RawHead() };
}

/** Prepares hits, once for all requests that get the same bytes. */
export class PreparedHits {
  private readonly prepared = new WeakMap<CacheEntry, Map<Encoding, PreparedHit>>();

  /** @param name of this cache in Cache-Status */
  constructor(private readonly name: string) {}

  /** The response from an entry just found fresh; undefined for a stored 404, or while its bytes are not yet compressed. */
  of(entry: CacheEntry, tier: Tier, route: ViewRoute, acceptEncoding: string | undefined): PreparedHit | undefined {
    const stored = StoredResponse.of(entry);
    if (stored.status !== 200) return undefined;
    const encoding = negotiate(acceptEncoding, stored);
    const ttl = Math.ceil((entry.expiresAt - Date.now()) / 1_000);
    const ofEntry = this.prepared.get(entry) ?? new Map<Encoding, PreparedHit>();
    const memo = ofEntry.get(encoding);
    if (memo?.ttl === ttl && memo.tier === tier) return memo;

    const payload = encodedNow(entry, stored, encoding);
    if (!payload) return undefined;
    const ok = {
      ...stored.headers,
      ...validators(route, stored, encoding, { tags: entry.tags, ttl }),
      age: '0',
      'cache-status': cacheStatus(this.name, { outcome: 'hit', tier, collapsed: false, stored: true, ttl }),
      'x-cache': xCache('hit'),
    };
    const hit: PreparedHit = {
      entry,
      tier,
      ttl,
      etag: encodedEtag(stored.etag, encoding),
      payload,
      ok,
      notModified: withoutBody(ok),
      heads: newHeads(),
    };
    this.prepared.set(entry, ofEntry.set(encoding, hit));
    return hit;
  }
}

/** Whether the client already has these bytes. */
export function isHeld({ etag }: PreparedHit, ifNoneMatch: string | undefined): boolean {
  return ifNoneMatch !== undefined && matchesIfNoneMatch(ifNoneMatch, etag);
}
