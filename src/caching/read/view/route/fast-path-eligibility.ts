import { GUARDS_METADATA } from '@nestjs/common/constants';
import type { FastifyRequest } from 'fastify';
import type { ViewReply } from '../express';
import { REQUEST_ID } from '../response/raw-head';

/**
 * What clients and proxies say that names nobody. A request with anything else (`x-api-key`) may have passed a guard because of
 * it, so it opens nothing.
 */
const IMPERSONAL =
  /^(accept(-.*)?|cache-control|connection|content-length|dnt|forwarded|host|if-(none-match|modified-since)|keep-alive|origin|pragma|priority|range|referer|save-data|sec-.*|te|traceparent|tracestate|upgrade-insecure-requests|user-agent|via|x-cache-generation|x-forwarded-(for|host|port|prefix|proto|server)|x-real-ip|x-request-id)$/;

/** Headers of answers that differ with who asks: an address whose answers carry one stays in the pipeline. */
const PERSONAL = /^(vary|set-cookie|access-control-|x-accel-|x-ratelimit|ratelimit)/;

/** Headers that every answer of a route gets, as the fast path repeats them. */
export type SharedHeaders = Readonly<Record<string, string>>;

/**
 * Decides for one route whether the fast path, which asks no guard, may answer an address of it. A guard of the route's own may
 * judge by anything (the hour, an address), so such a route stays closed; so does one whose common headers are not the same twice.
 */
export class FastPathEligibility {
  private readonly isGuarded: boolean;
  private last?: SharedHeaders;

  constructor(controller: object, handler: object) {
    this.isGuarded = [controller, handler].some((target) => Reflect.hasMetadata(GUARDS_METADATA, target));
  }

  /** @param common what `commonHeaders` gave before the handler ran @returns what to open the address with, or undefined */
  for(request: FastifyRequest, common: SharedHeaders | undefined): SharedHeaders | undefined {
    if (this.isGuarded || !common || !Object.keys(request.headers).every((name) => IMPERSONAL.test(name)))
      return undefined;
    const { last } = this;
    if (last && same(last, common)) return last;
    // A nonce would be repeated. So it takes two answers with the same headers; and all addresses of a route share one list.
    this.last = common;
    return undefined;
  }
}

/** What hooks and decorators have put on the answer before its handler ran. Undefined where it may not be repeated. */
export function sharedHeaders(reply: ViewReply): SharedHeaders | undefined {
  const headers = Object.entries(reply.getHeaders());
  // "Any origin may read this" is said to everybody alike.
  const isOpen = reply.getHeader('access-control-allow-origin') === '*';
  if (headers.some(([name]) => PERSONAL.test(name) && !(isOpen && name.startsWith('access-control-'))))
    return undefined;
  // It names one request in the log, and an answer in front of the framework has no line there.
  const repeated = headers.filter(([name]) => name !== REQUEST_ID);
  return Object.fromEntries(repeated.map(([name, value]) => [name, String(value)]));
}

function same(a: SharedHeaders, b: SharedHeaders): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
