import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheEventBus } from '../caching.events';
import type { CacheEntry } from '../store/entry';
import type { TieredStore } from '../store/tiered-store';
import { encodedNow, type Encoding, negotiate } from './encoding';
import { encodedEtag, matchesIfNoneMatch } from './etag';
import type { KnownUrl, KnownUrls } from './known-urls';
import { ViewAnswer } from './view-answer';
import type { ViewRoute } from './view-route';
import type { Common } from './opening';
import { cacheStatus, validators, withoutBody, xCache } from './view-headers';

/** Headers that make a request more than "give me this": such go through the whole pipeline. */
const SPECIAL = ['cache-control', 'pragma', 'range', 'if-match', 'if-unmodified-since', 'expect', 'upgrade'] as const;

/**
 * Answers public hits in front of the framework. It decides nothing: it knows only addresses that the interceptor opened (a
 * public view without guards of its own, reached through the global ones by a request that named nobody), takes only entries that the store finds fresh, and whatever is out of
 * the ordinary goes on its usual way.
 */
export class FastPath {
  constructor(
    private readonly store: TieredStore,
    private readonly urls: KnownUrls,
    private readonly name: string,
    private readonly events: CacheEventBus,
  ) {}

  /** @returns true when the request is answered */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET') return false;
    const began = performance.now();
    const known = this.urls.get(request.url ?? '');
    if (known?.open === undefined || !isPlain(request, known)) return false;
    const entry = this.store.peek(known.urlKey);
    if (!entry) return false;
    const answer = ViewAnswer.of(entry);
    const encoding = negotiate(request.headers['accept-encoding'], answer);
    const payload = encodedNow(entry, answer, encoding);
    if (answer.status !== 200 || !payload) return false;

    const { ok, notModified, etag } = this.prepared(entry, answer, encoding, known.route, known.open);
    const ifNoneMatch = request.headers['if-none-match'];
    if (ifNoneMatch !== undefined && matchesIfNoneMatch(ifNoneMatch, etag)) {
      response.writeHead(304, notModified).end();
    } else {
      response.writeHead(200, ok).end(payload);
    }
    this.events.emit('answered', known.pattern, response.statusCode, performance.now() - began);
    return true;
  }

  /** The flat header lists of an entry change once a second, with its ttl; in between they are the same. */
  private prepared(
    entry: CacheEntry,
    answer: ViewAnswer,
    encoding: Encoding,
    route: ViewRoute,
    open: Common,
  ): Prepared {
    const ttl = Math.ceil((entry.expiresAt - Date.now()) / 1_000);
    const memo = preparedLists.get(entry)?.get(encoding);
    if (memo?.ttl === ttl && memo.open === open) return memo;
    const verdict = { outcome: 'hit', tier: 'l1', collapsed: false, stored: true, ttl } as const;
    const headers = {
      ...open,
      ...answer.headers,
      ...validators(route, answer, encoding),
      age: '0',
      'cache-status': cacheStatus(this.name, verdict),
      'x-cache': xCache('hit'),
    };
    const length = String(encodedNow(entry, answer, encoding)?.length ?? 0);
    const fresh: Prepared = {
      ttl,
      open,
      etag: encodedEtag(answer.etag, encoding),
      ok: Object.entries({ ...headers, 'content-length': length }).flat(),
      notModified: Object.entries(withoutBody(headers)).flat(),
    };
    const ofEntry = preparedLists.get(entry) ?? new Map<Encoding, Prepared>();
    preparedLists.set(entry, ofEntry.set(encoding, fresh));
    return fresh;
  }
}

interface Prepared {
  ttl: number;
  open: Common;
  etag: string;
  /** Flat lists of names and values, as writeHead takes them. */
  ok: string[];
  notModified: string[];
}

const preparedLists = new WeakMap<CacheEntry, Map<Encoding, Prepared>>();

function isPlain({ headers }: IncomingMessage, known: KnownUrl): boolean {
  for (const name of SPECIAL) if (headers[name] !== undefined) return false;
  return known.route.isShared || (headers.authorization === undefined && headers.cookie === undefined);
}
