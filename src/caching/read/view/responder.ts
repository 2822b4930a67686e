import { HttpException } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Shareable } from '../../edge/edge-headers';
import type { CacheEntry, CacheResult } from '../../core/store/entry';
import { Encoder, negotiate } from './response/encoding';
import type { ViewReply } from './express';
import { encodedEtag, matchesIfNoneMatch } from './response/etag';
import { isHeld, type PreparedHit } from './response/prepared-hits';
import { StoredResponse } from './response/stored-response';
import { ageOf, bypassStatus, cacheStatus, validators, type Verdict, withoutBody, xCache } from './response/headers';
import type { ViewRoute } from './route/view-route';

/** What the answer to one request is made from. */
interface Source {
  answer: StoredResponse;
  /** Undefined where nothing is kept: then nothing is compressed either, as it would be for this request alone. */
  entry?: CacheEntry;
  headers: { 'cache-status': string; 'x-cache': string; age: string };
  /** Undefined where shared caches may not keep it. */
  kept?: Shareable;
}

/** Turns an entry into the answer to one request: encoded as it likes, or a 304. */
export class Responder {
  private readonly encoder: Encoder;

  /** @param name this cache's own, in Cache-Status */
  constructor(
    private readonly name: string,
    keepVariant: (entry: CacheEntry, encoding: string, bytes: Buffer) => void,
    private readonly isFresh: (entry: CacheEntry) => boolean,
  ) {
    this.encoder = new Encoder(keepVariant);
  }

  fromCache(result: CacheResult & Verdict): Source {
    const age = ageOf(result.entry, result.outcome, Date.now());
    const headers = {
      'cache-status': cacheStatus(this.name, result),
      'x-cache': xCache(result.outcome, result.rescued),
      age: String(age),
    };
    const kept = this.mayBePassedOn(result) ? { tags: result.entry.tags, ttl: result.ttl } : undefined;
    return { answer: StoredResponse.of(result.entry), entry: result.entry, headers, kept };
  }

  /** What grace saved, or was stamped while it was being made, answers who asked, and nobody after them: the purge is over by then. */
  private mayBePassedOn({ entry, outcome, stored, rescued }: CacheResult & Verdict): boolean {
    return (outcome === 'hit' || outcome === 'miss') && stored && !rescued && this.isFresh(entry);
  }

  fromHandler(answer: StoredResponse): Source {
    return { answer, headers: { 'cache-status': bypassStatus(this.name, 'off'), 'x-cache': 'BYPASS', age: '0' } };
  }

  /** Sends a hit that is ready, by way of all of Fastify's hooks. */
  send(hit: PreparedHit, { headers }: FastifyRequest, reply: ViewReply): void {
    if (isHeld(hit, headers['if-none-match'])) {
      hit.heads.notModified.lendTo(reply.raw);
      // A decorator of the route may have said the type before.
      reply.code(304).headers(hit.notModified).removeHeader('content-type').send();
    } else {
      hit.heads.ok.lendTo(reply.raw);
      reply.headers(hit.ok).send(hit.payload);
    }
  }

  /** @returns what the router is to send @throws HttpException 404 when that is what was kept */
  async respond(
    route: ViewRoute,
    { answer, entry, headers, kept }: Source,
    request: FastifyRequest,
    reply: ViewReply,
  ): Promise<Buffer | undefined> {
    void reply.headers(headers);
    if (answer.status !== 200) throw new HttpException(JSON.parse(answer.payload.toString()) as string, answer.status);

    const encoding = entry ? negotiate(header(request, 'accept-encoding'), answer) : 'identity';
    const own = { ...answer.headers, ...validators(route, answer, encoding, kept) };
    const ifNoneMatch = header(request, 'if-none-match');
    if (ifNoneMatch !== undefined && matchesIfNoneMatch(ifNoneMatch, encodedEtag(answer.etag, encoding))) {
      // A decorator of the route may have said the type before.
      void reply.code(304).headers(withoutBody(own)).removeHeader('content-type');
      return undefined;
    }
    void reply.headers(own);
    // The handler said nothing (null): the router has to be told so, or it would give no bytes the type of bytes.
    if (answer.headers['content-type'] === undefined) return undefined;
    return entry ? this.encoder.encode(entry, answer, encoding) : answer.payload;
  }
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join() : value;
}
