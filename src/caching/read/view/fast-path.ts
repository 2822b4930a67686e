import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheEventBus } from '../../caching.events';
import type { CacheEntry, Tier } from '../../core/store/entry';
import type { TieredStore } from '../../core/store/tiered-store';
import type { Fields } from './response/raw-head';
import type { OpenUrl, UrlKeyCache } from './route/url-key-cache';
import type { L2Lookups } from './l2-lookups';
import { isBehind } from '../../core/clock/generation';
import type { TagClock } from '../../core/clock/tag-clock';
import type { SharedHeaders } from './route/fast-path-eligibility';
import { type Heads, isHeld, newHeads, type PreparedHit, type PreparedHits } from './response/prepared-hits';

/** One request on its way past the front. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly known: OpenUrl;
  /** `performance.now()`. */
  readonly began: number;
  readonly pass: () => void;
}

/** Headers that make a request more than "give me this": such go through the whole pipeline. */
const SPECIAL = ['pragma', 'range', 'if-match', 'if-unmodified-since', 'expect', 'upgrade'] as const;

/** A browser's reload. RFC 9111 §5.2.1.1: it asks for an Age within this, and what was just found fresh has an Age of 0. */
const WITHIN_AGE = /^max-age=\d+$/i;

/**
 * Answers public hits in front of the framework. It decides nothing: it knows only addresses that the interceptor opened (a
 * public view without guards of its own, reached through the global ones by a request that named nobody), takes only entries that the store finds fresh, and whatever is out of
 * the ordinary goes on its usual way.
 */
export class FastPath {
  constructor(
    private readonly store: TieredStore,
    private readonly clock: TagClock,
    private readonly urls: UrlKeyCache,
    private readonly hits: PreparedHits,
    private readonly lookups: L2Lookups,
    private readonly events: CacheEventBus,
  ) {}

  /** Answers the request or passes it on, at once or when L2 has said that it has nothing. */
  handle(request: IncomingMessage, response: ServerResponse, pass: () => void): void {
    const began = performance.now();
    const known = request.method === 'GET' ? this.urls.get(request.url ?? '') : undefined;
    if (!isOpen(known) || !isPlain(request, known)) return pass();
    // The interceptor asks the clock first.
    if (isBehind(this.clock, request.headers)) return pass();
    const exchange = { request, response, known, began, pass };
    const entry = this.store.peek(known.urlKey);
    if (entry) return this.send(this.ready(entry, 'l1', exchange), exchange);
    const looking = this.lookups.begin(request, known.urlKey);
    if (!looking) return pass();
    void looking.then((seen) => {
      // Who has gone away is not answered, and has no handler run.
      if (request.socket.destroyed) return;
      const hit = seen.entry && this.ready(seen.entry, 'l2', exchange);
      this.send(hit && this.store.take(seen) && hit, exchange);
    });
  }

  private ready(entry: CacheEntry, tier: Tier, { request, known }: Exchange): PreparedHit | undefined {
    return this.hits.of(entry, tier, known.route, request.headers['accept-encoding']);
  }

  private send(hit: PreparedHit | undefined, { request, response, known, began, pass }: Exchange): void {
    if (!hit) return pass();
    const { heads, ok, notModified } = frontOf(hit, known.open);
    if (isHeld(hit, request.headers['if-none-match'])) {
      heads.notModified.write(response, 304, notModified);
      response.end();
    } else {
      heads.ok.write(response, 200, ok);
      response.end(hit.payload);
    }
    this.events.emit('answered', known.pattern, hit.tier, response.statusCode, performance.now() - began);
  }
}

/** What a hit is sent with here: its own headers, and those that every answer of its route gets. */
interface Front {
  readonly open: SharedHeaders;
  readonly heads: Heads;
  readonly ok: Fields;
  readonly notModified: Fields;
}

const fronts = new WeakMap<PreparedHit, Front>();

function frontOf(hit: PreparedHit, open: SharedHeaders): Front {
  const memo = fronts.get(hit);
  if (memo?.open === open) return memo;
  const made: Front = {
    open,
    heads: newHeads(),
    ok: Object.freeze({ ...open, ...hit.ok, 'content-length': String(hit.payload?.length ?? 0) }),
    notModified: Object.freeze({ ...open, ...hit.notModified }),
  };
  fronts.set(hit, made);
  return made;
}

function isOpen(known: { readonly open?: SharedHeaders } | undefined): known is OpenUrl {
  return known?.open !== undefined;
}

function isPlain({ headers }: IncomingMessage, { route }: OpenUrl): boolean {
  for (const name of SPECIAL) if (headers[name] !== undefined) return false;
  const wish = headers['cache-control'];
  if (wish !== undefined && !WITHIN_AGE.test(wish)) return false;
  return route.isShared || (headers.authorization === undefined && headers.cookie === undefined);
}
