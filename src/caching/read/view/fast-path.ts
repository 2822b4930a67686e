import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheEventBus } from '../../caching.events';
import { type CacheEntry, type CacheResult, foundIn, type Tier } from '../../core/store/entry';
import { EAGER } from '../../core/store/policy';
import type { TieredStore } from '../../core/store/tiered-store';
import type { Fields } from './response/raw-head';
import type { OpenUrl, UrlKeyCache } from './route/url-key-cache';
import type { EarlyFinds } from './early-finds';
import type { SharedHeaders } from './route/fast-path-eligibility';
import { isImpersonal } from './route/impersonal-headers';
import { type Heads, isHeld, newHeads, type PreparedHit, type PreparedHits } from './response/prepared-hits';

/** One request in the fast path. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly known: OpenUrl;
  /** `performance.now()`. */
  readonly began: number;
  readonly pass: () => void;
}

/**
 * Where hits come from. `l1-confirmed`: strict mode, in which the clock is queried before each hit, and a miss of L2 would query it
 * once more than the pipeline alone. `l1-and-l2`: Redis is there.
 */
export type FastPathSources = 'l1' | 'l1-confirmed' | 'l1-and-l2';

/** A browser's reload (RFC 9111 §5.2.1.1) accepts an Age up to this, and an entry just found fresh has an Age of 0. */
const WITHIN_AGE = /^max-age=\d+$/i;

/** They change nothing about a shared view. */
const CREDENTIALS = new Set(['authorization', 'cookie']);

/**
 * Serves public hits in front of the framework. It decides nothing itself: it knows only URLs that the interceptor opened
 * (a public view without guards of its own, reached by a request that could not identify a caller), and serves only
 * entries that the store finds fresh. Every other request goes through the pipeline.
 */
export class FastPath {
  constructor(
    private readonly store: TieredStore,
    private readonly urls: UrlKeyCache,
    private readonly hits: PreparedHits,
    private readonly finds: EarlyFinds,
    private readonly from: FastPathSources,
    private readonly events: CacheEventBus,
  ) {}

  /** Serves the request or passes it on: at once, or when the clock or L2 has replied. */
  handle(request: IncomingMessage, response: ServerResponse, pass: () => void): void {
    const began = performance.now();
    const known = request.method === 'GET' ? this.urls.get(request.url ?? '') : undefined;
    if (!isOpen(known) || !isPlain(request, known)) return pass();
    const exchange = { request, response, known, began, pass };
    const entry = this.store.peek(known.urlKey, EAGER);
    if (entry) return this.serve(entry, 'l1', undefined, exchange);
    const finding = this.find(known);
    if (!finding) return pass();
    void finding.then((found) => {
      // The client is gone: no response, and no handler run.
      if (request.socket.destroyed) return;
      if (found) return this.serve(found.entry, found.tier as Tier, found, exchange);
      this.finds.noteMiss(request);
      pass();
    }, pass);
  }

  /** Undefined where the store cannot have the entry. */
  private find({ urlKey: key, route }: OpenUrl): Promise<CacheResult | undefined> | undefined {
    // Where a load is running, L2 had nothing a moment ago.
    if (this.store.isLoading(key)) return undefined;
    switch (this.from) {
      case 'l1':
        return undefined;
      case 'l1-confirmed':
        return this.store.confirm(key, EAGER);
      case 'l1-and-l2':
        return this.store.skipsL2(key, route.policy) ? undefined : this.store.get(key, EAGER);
      default:
        return this.from satisfies never;
    }
  }

  /** @param found how the store found the entry, where it has said so already */
  private serve(entry: CacheEntry, tier: Tier, found: CacheResult | undefined, exchange: Exchange): void {
    const { request, known, pass } = exchange;
    try {
      const hit = this.hits.of(entry, tier, known.route, request.headers['accept-encoding']);
      if (hit) return this.send(hit, exchange);
    } catch (error) {
      return this.discard(error, exchange);
    }
    this.finds.keep(request, known.urlKey, found ?? foundIn(tier, entry, Date.now()));
    pass();
  }

  /** An entry that is no response is a miss. It is deleted first, or the pipeline would find it again. */
  private discard(error: unknown, { response, known, pass }: Exchange): void {
    this.events.emit('storeFailed', 'read', error);
    if (response.headersSent) return void response.destroy();
    const deleted = this.store.delete(known.urlKey).catch(() => undefined);
    void deleted.then(pass);
  }

  private send(hit: PreparedHit, { request, response, known, began }: Exchange): void {
    const { heads, ok, notModified } = frontOf(hit, known.open);
    if (isHeld(hit, request.headers['if-none-match'])) heads.notModified.send(response, 304, notModified);
    else heads.ok.send(response, 200, ok, hit.payload);
    this.events.emit('response', known.pattern, hit.tier, response.statusCode, performance.now() - began);
  }
}

/** A hit's headers here: its own, and those shared by every response of its route. */
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
    ok: Object.freeze({ ...open, ...hit.ok, 'content-length': String(hit.payload.length) }),
    notModified: Object.freeze({ ...open, ...hit.notModified }),
  };
  fronts.set(hit, made);
  return made;
}

function isOpen(known: { readonly open?: SharedHeaders } | undefined): known is OpenUrl {
  return known?.open !== undefined;
}

/** A request that no guard or hook could treat differently from the one that opened the URL. */
function isPlain({ headers }: IncomingMessage, { route }: OpenUrl): boolean {
  for (const name in headers) if (!isImpersonal(name) && !(route.isShared && CREDENTIALS.has(name))) return false;
  const directives = headers['cache-control'];
  return directives === undefined || WITHIN_AGE.test(directives);
}
