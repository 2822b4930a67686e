import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CacheEntry } from '../store/entry';
import type { TieredStore } from '../store/tiered-store';
import { encodedNow, type Encoding, negotiate } from './encoding';
import { encodedEtag, matchesIfNoneMatch } from './etag';
import type { KnownUrl, KnownUrls } from './known-urls';
import { type Common, REQUEST_ID } from './opening';
import { ViewAnswer } from './view-answer';
import { cacheStatus, validators, withoutBody, xCache } from './view-headers';
import type { ViewRoute } from './view-route';

/** Headers that make a request more than "give me this": such go through the whole pipeline. */
const SPECIAL = ['cache-control', 'pragma', 'range', 'if-match', 'if-unmodified-since'] as const;

/**
 * Answers public hits before the pipeline starts. It decides nothing: it knows only addresses that the interceptor opened
 * (a public view without guards of its own, reached through the global ones by a request that named nobody), takes only entries
 * that the store finds fresh, and for whatever is out of the ordinary lets the request go on.
 */
export class FastPath {
  constructor(
    private readonly store: TieredStore,
    private readonly urls: KnownUrls,
    private readonly name: string,
  ) {}

  /** @returns true when the request is answered */
  answer(request: FastifyRequest, reply: FastifyReply): boolean {
    if (request.raw.method !== 'GET') return false;
    const known = this.urls.get(request.raw.url ?? '');
    if (!known?.open || !isPlain(request, known)) return false;
    const entry = this.store.peek(known.urlKey);
    return entry !== undefined && this.write(entry, known, known.open, request, reply);
  }

  private write(
    entry: CacheEntry,
    { route }: KnownUrl,
    base: Common,
    request: FastifyRequest,
    reply: FastifyReply,
  ): boolean {
    const answer = ViewAnswer.of(entry);
    if (answer.status !== 200) return false;
    const { headers } = request.raw;
    const acceptEncoding = headers['accept-encoding'];
    const encoding = negotiate(Array.isArray(acceptEncoding) ? acceptEncoding.join() : acceptEncoding, answer);
    const payload = encodedNow(entry, answer, encoding);
    if (!payload) return false;

    const ifNoneMatch = headers['if-none-match'];
    const notModified =
      ifNoneMatch !== undefined && matchesIfNoneMatch(ifNoneMatch, encodedEtag(answer.etag, encoding));
    const list = this.headers(entry, answer, route, base, encoding, notModified);
    const ofRequest = base.hasRequestId ? [REQUEST_ID, request.id] : [];
    // The router goes no further with a reply that somebody else has taken.
    reply.hijack();
    const { raw } = reply;
    if (notModified) {
      raw.writeHead(304, [...list, ...ofRequest]);
      raw.end();
    } else {
      raw.writeHead(200, [...list, ...ofRequest, 'content-length', String(payload.length)]);
      raw.end(payload);
    }
    return true;
  }

  /** Made once a second for each encoding. */
  private headers(
    entry: CacheEntry,
    answer: ViewAnswer,
    route: ViewRoute,
    base: Common,
    encoding: Encoding,
    notModified: boolean,
  ): readonly string[] {
    const second = Math.ceil((entry.expiresAt - Date.now()) / 1_000);
    const name = notModified ? `${encoding} 304` : encoding;
    const memo = answer.prepared.get(name);
    if (memo?.second === second) return memo.list;
    const verdict = { outcome: 'hit', tier: 'l1', collapsed: false, stored: true, ttl: second } as const;
    const all = {
      ...base.headers,
      ...answer.headers,
      ...validators(route, answer, encoding),
      age: '0',
      'cache-status': cacheStatus(this.name, verdict),
      'x-cache': xCache('hit'),
    };
    const list = Object.entries(notModified ? withoutBody(all) : all).flat();
    answer.prepared.set(name, { second, list });
    return list;
  }
}

function isPlain(request: FastifyRequest, known: KnownUrl): boolean {
  const { headers } = request.raw;
  for (const name of SPECIAL) if (headers[name] !== undefined) return false;
  if (!known.route.isShared && (headers.authorization !== undefined || headers.cookie !== undefined)) return false;
  return request.routeOptions.handler === known.handler;
}
