import { PreconditionFailedException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type CacheEntry, type CacheResult, foundIn } from '../../core/store/entry';
import type { Shareable } from '../../edge/edge-headers';
import type { Exchange } from './exchange';
import type { ViewReply } from './express';
import { headersUnlessSeen, isHeadRepeatable, isLeftAlone, isSeenByHooks } from './application-hooks';
import { replySerializerOf } from './fastify-internals';
import { captureResponse, type FrameworkResponse } from './framework-capture';
import { mergeVary } from './response/directives';
import { directHit } from './response/direct-hit';
import { compressesItself, Encoder, negotiate } from './response/encoding';
import { encodedEtag, isOwnEtag, matchesIfNoneMatch, preconditionsHold, weakened } from './response/etag';
import { ageOf, cacheStatus, uncachedMarks, validators, type Verdict, withoutBody, xCache } from './response/headers';
import { isHeld, type PreparedHit } from './response/prepared-hits';
import { refusalOf } from './response/refusal';
import { StoredResponse } from './response/stored-response';
import type { ViewRoute } from './route/view-route';

type Request = Pick<Exchange, 'route' | 'request' | 'reply'>;

/** What the response to one request is made from. */
export interface ResponseSource {
  readonly stored: StoredResponse;
  /** Undefined where nothing is stored: compression would serve this request alone, so there is none. */
  readonly entry?: CacheEntry;
  readonly headers: { 'cache-status': string; 'x-cache': string; age: string };
  /** Undefined where shared caches must not store it. */
  readonly kept?: Shareable;
}

/** Turns an entry into the response to one request: encoded as the client prefers, a 304, or a 412. */
export class Responder {
  private readonly encoder: Encoder;

  /** @param name of this cache in Cache-Status */
  constructor(
    private readonly name: string,
    storeVariant: (entry: CacheEntry, encoding: string, bytes: Buffer) => void,
    private readonly isFresh: (entry: CacheEntry) => boolean,
  ) {
    this.encoder = new Encoder(storeVariant);
  }

  fromCache(result: CacheResult & Verdict): ResponseSource {
    const age = ageOf(result.entry, result, Date.now());
    const headers = {
      'cache-status': cacheStatus(this.name, result),
      'x-cache': xCache(result.outcome, result.staleSince),
      age: String(age),
    };
    const kept = this.mayBeShared(result) ? { tags: result.entry.tags, ttl: result.ttl } : undefined;
    return { stored: StoredResponse.of(result.entry), entry: result.entry, headers, kept };
  }

  /** @param staleSince see `Verdict` */
  fromHandler(stored: StoredResponse, staleSince: number | undefined): ResponseSource {
    return { stored, headers: { age: '0', ...uncachedMarks(this.name, 'off', staleSince, Date.now()) } };
  }

  /**
   * Sends a prepared hit as Fastify would, and through Fastify where hooks of the application see the response.
   * @param open opens its URL to the fast path; the response then goes through Fastify in any case
   */
  send(hit: PreparedHit, { route, request, reply }: Request, open: (() => void) | undefined): void {
    const { headers, method } = request;
    const held = isHeld(hit, headers['if-none-match']);
    const given = method === 'GET' && !open ? headersUnlessSeen(reply) : undefined;
    if (given && !compressesItself(reply)) return directHit(hit).send(reply.raw, given, held);
    if (isSeenByHooks(reply)) {
      const source = this.fromCache(foundIn(hit.tier, hit.entry, Date.now()));
      return this.sendThroughHooks(source, { route, request, reply }, open);
    }
    const vary = reply.getHeader('vary');
    if (held) {
      hit.heads.notModified.lendTo(reply.raw);
      // A decorator of the route may have set the type.
      reply.code(304).headers(hit.notModified).removeHeader('content-type');
    } else {
      hit.heads.ok.lendTo(reply.raw);
      // A guard may have set another one, which Nest replaces before the handler runs.
      reply.code(200).headers(hit.ok);
    }
    if (vary !== undefined) reply.header('vary', mergeVary(vary, hit.ok['vary'] ?? ''));
    if (compressesItself(reply)) reply.header('etag', weakened(hit.etag));
    reply.send(reply.statusCode === 304 && method !== 'HEAD' ? undefined : hit.payload);
  }

  /**
   * Sends a hit through the hooks of the application as its miss went through them: they get what the framework made of the
   * handler's value, and the cache encodes and validates what they left alone.
   */
  sendThroughHooks(source: ResponseSource, exchange: Request, open: (() => void) | undefined): void {
    const { reply } = exchange;
    const { headers, etag, serialised: body } = source.stored;
    const vary = reply.getHeader('vary');
    void reply.code(200).headers(headers);
    if (vary !== undefined) void reply.header('vary', mergeVary(vary, headers['vary'] ?? ''));
    if (!isOwnEtag(etag)) void reply.header('etag', etag);
    captureResponse(reply, (serialised, current) => this.finish(source, exchange, serialised, current, open));
    sendSerialised(body, reply);
  }

  /**
   * What is sent after the application's hooks. A response that they changed is sent as it is, without an ETag: ours is of other
   * bytes. So is a `Cache-Control` of theirs.
   */
  async finish(
    source: ResponseSource,
    { route, request, reply }: Request,
    serialised: FrameworkResponse,
    current: unknown,
    open: (() => void) | undefined,
  ): Promise<unknown> {
    const said = reply.getHeader('cache-control');
    const isOfHook = said !== undefined && said !== serialised.headers['cache-control'];
    let body = current;
    if (isLeftAlone(serialised, current, reply)) {
      if (open && isHeadRepeatable(reply, serialised.headers)) open();
      body = await this.prepare(route, source, request, reply, {});
    } else this.mark(source, route, reply);
    if (isOfHook) void reply.header('cache-control', said);
    return body;
  }

  /** Headers of the cache for a response whose body is not its own. */
  private mark({ stored, headers, kept }: ResponseSource, route: ViewRoute, reply: ViewReply): void {
    const { vary, ...own } = validators(route, stored, 'identity', kept);
    delete own['etag'];
    const present = reply.getHeader('vary');
    void reply.headers(headers).header('vary', mergeVary(present, vary ?? ''));
    // A hook may have made an error of it.
    if (reply.statusCode === 200 || reply.statusCode === 304) void reply.headers(own);
  }

  /**
   * Sets the status and headers of the response. Resolves with the body to send; undefined: none.
   * @param given the handler's headers, where the reply does not have them yet: hooks may have changed those that it has
   * @throws HttpException 404 when the entry is a stored 404; PreconditionFailedException for a failed `If-Match`
   */
  async prepare(
    route: ViewRoute,
    { stored, entry, headers, kept }: ResponseSource,
    request: FastifyRequest,
    reply: ViewReply,
    given = stored.headers,
  ): Promise<Buffer | undefined> {
    const vary = reply.getHeader('vary');
    void reply.headers(headers);
    if (stored.status !== 200) throw refusalOf(stored);
    // RFC 9110 §13.1.1 applies to reads as well.
    if (!preconditionsHold({ ifMatch: header(request, 'if-match') }, stored.etag)) {
      throw new PreconditionFailedException('If-Match names another version than the current one.');
    }

    const encodes = entry && !compressesItself(reply);
    const encoding = encodes ? negotiate(header(request, 'accept-encoding'), stored) : 'identity';
    const own = { ...given, ...validators(route, stored, encoding, kept) };
    if (compressesItself(reply)) own['etag'] = weakened(stored.etag);
    if (vary !== undefined) own['vary'] = mergeVary(vary, own['vary'] ?? '');
    const ifNoneMatch = header(request, 'if-none-match');
    if (ifNoneMatch !== undefined && matchesIfNoneMatch(ifNoneMatch, encodedEtag(stored.etag, encoding))) {
      // A decorator of the route may have set the type.
      void reply.code(304).headers(withoutBody(own)).removeHeader('content-type');
      // The length of a HEAD's 304 is that of the 200 (RFC 9110 §8.6), and Fastify takes it from the body.
      if (request.method !== 'HEAD') return undefined;
    } else void reply.headers(own);
    return entry ? this.encoder.encode(entry, stored, encoding) : stored.payload;
  }

  /**
   * A response from grace, or one that was invalidated while it was generated, is for this caller only: a purge that
   * would remove it from a shared cache has already run.
   */
  private mayBeShared({ entry, outcome, stored, staleSince }: CacheResult & Verdict): boolean {
    return (outcome === 'hit' || outcome === 'miss') && stored && staleSince === undefined && this.isFresh(entry);
  }
}

/** A serializer that a hook chose for the reply would print the text once more. */
function sendSerialised(body: string | Buffer, reply: ViewReply): void {
  if (replySerializerOf(reply) !== null) (reply as unknown as FastifyReply).serializer((text) => text as string);
  reply.send(body);
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join() : value;
}
