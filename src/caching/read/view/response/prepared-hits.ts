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

/** A hit's answer, ready to be sent. It changes once a second, with the ttl that it tells; in between it is the same for everybody. */
export interface PreparedHit {
  readonly tier: Tier;
  readonly ttl: number;
  readonly etag: string;
  /** Undefined: the handler said nothing. */
  readonly payload: Buffer | undefined;
  /** Headers of the 200, and of the 304. */
  readonly ok: Readonly<Record<string, string>>;
  readonly notModified: Readonly<Record<string, string>>;
  /** As the framework has them written, with what it adds. */
  readonly heads: Heads;
}

export function newHeads(): Heads {
  return { ok: new RawHead(), notModified: new RawHead() };
}

/** Makes hits ready, once for all requests that get the same. */
export class PreparedHits {
  private readonly prepared = new WeakMap<CacheEntry, Map<Encoding, PreparedHit>>();

  /** @param name this cache's own, in Cache-Status */
  constructor(private readonly name: string) {}

  /** The answer from an entry that was just found fresh; undefined where it takes more: a 404, or bytes that are yet to be compressed. */
  of(entry: CacheEntry, tier: Tier, route: ViewRoute, acceptEncoding: string | undefined): PreparedHit | undefined {
    const answer = StoredResponse.of(entry);
    if (answer.status !== 200) return undefined;
    const encoding = negotiate(acceptEncoding, answer);
    const ttl = Math.ceil((entry.expiresAt - Date.now()) / 1_000);
    const ofEntry = this.prepared.get(entry) ?? new Map<Encoding, PreparedHit>();
    const memo = ofEntry.get(encoding);
    if (memo?.ttl === ttl && memo.tier === tier) return memo;

    const payload = encodedNow(entry, answer, encoding);
    if (!payload) return undefined;
    const ok = {
      ...answer.headers,
      ...validators(route, answer, encoding, { tags: entry.tags, ttl }),
      age: '0',
      'cache-status': cacheStatus(this.name, { outcome: 'hit', tier, collapsed: false, stored: true, ttl }),
      'x-cache': xCache('hit'),
    };
    const hit: PreparedHit = {
      tier,
      ttl,
      etag: encodedEtag(answer.etag, encoding),
      payload: answer.headers['content-type'] === undefined ? undefined : payload,
      ok,
      notModified: withoutBody(ok),
      heads: newHeads(),
    };
    this.prepared.set(entry, ofEntry.set(encoding, hit));
    return hit;
  }
}

/** Does the client hold these very bytes already? */
export function isHeld({ etag }: PreparedHit, ifNoneMatch: string | undefined): boolean {
  return ifNoneMatch !== undefined && matchesIfNoneMatch(ifNoneMatch, etag);
}
