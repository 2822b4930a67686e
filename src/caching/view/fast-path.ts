import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheEntry, Tier } from '../store/entry';
import type { TieredStore } from '../store/tiered-store';
import type { OpenUrl, KnownUrls } from './known-urls';
import type { Looks } from './looks';
import type { Common } from './opening';
import { isHeld, type PreparedHit, type PreparedHits } from './prepared-hits';

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
    private readonly urls: KnownUrls,
    private readonly hits: PreparedHits,
    private readonly looks: Looks,
  ) {}

  /** Answers the request or passes it on, at once or when L2 has said that it has nothing. */
  handle(request: IncomingMessage, response: ServerResponse, pass: () => void): void {
    const known = request.method === 'GET' ? this.urls.get(request.url ?? '') : undefined;
    if (!isOpen(known) || !isPlain(request, known)) return pass();
    const entry = this.store.peek(known.urlKey);
    if (entry) return this.send(known, this.ready(entry, 'l1', request, known), request, response, pass);
    const looking = this.looks.begin(request, known.urlKey);
    if (!looking) return pass();
    void looking.then((seen) => {
      // Who has gone away is not answered, and has no handler run.
      if (request.socket.destroyed) return;
      const hit = seen.entry && this.ready(seen.entry, 'l2', request, known);
      this.send(known, hit && this.store.take(seen) && hit, request, response, pass);
    });
  }

  private ready(
    entry: CacheEntry,
    tier: Tier,
    { headers }: IncomingMessage,
    { route }: OpenUrl,
  ): PreparedHit | undefined {
    return this.hits.of(entry, tier, route, headers['accept-encoding']);
  }

  private send(
    { open }: OpenUrl,
    hit: PreparedHit | undefined,
    { headers }: IncomingMessage,
    response: ServerResponse,
    pass: () => void,
  ): void {
    if (!hit) return pass();
    const { ok, notModified } = flat(hit, open);
    if (isHeld(hit, headers['if-none-match'])) response.writeHead(304, notModified).end();
    else response.writeHead(200, ok).end(hit.payload);
  }
}

/** Lists of names and values, as writeHead takes them, with what every answer of the route gets. */
interface FlatHit {
  readonly open: Common;
  readonly ok: string[];
  readonly notModified: string[];
}

const flatHits = new WeakMap<PreparedHit, FlatHit>();

function flat(hit: PreparedHit, open: Common): FlatHit {
  const memo = flatHits.get(hit);
  if (memo?.open === open) return memo;
  const { ok, notModified, payload } = hit;
  const made: FlatHit = {
    open,
    ok: Object.entries({ ...open, ...ok, 'content-length': String(payload?.length ?? 0) }).flat(),
    notModified: Object.entries({ ...open, ...notModified }).flat(),
  };
  flatHits.set(hit, made);
  return made;
}

function isOpen(known: { readonly open?: Common } | undefined): known is OpenUrl {
  return known?.open !== undefined;
}

function isPlain({ headers }: IncomingMessage, { route }: OpenUrl): boolean {
  for (const name of SPECIAL) if (headers[name] !== undefined) return false;
  const wish = headers['cache-control'];
  if (wish !== undefined && !WITHIN_AGE.test(wish)) return false;
  return route.isShared || (headers.authorization === undefined && headers.cookie === undefined);
}
