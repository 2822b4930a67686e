import { GUARDS_METADATA } from '@nestjs/common/constants';
import type { FastifyRequest } from 'fastify';
import type { ViewReply } from '../express';
import { REQUEST_ID } from '../response/raw-head';
import { ViewGuard } from '../view.guard';
import { isImpersonal } from './impersonal-headers';

/** Headers that differ from caller to caller: a URL whose responses carry one stays in the pipeline. */
const PERSONAL = /^(vary|content-language|set-cookie|access-control-|x-accel-|x-ratelimit|ratelimit)/;

/** Headers of every response of a route, as the fast path repeats them. */
export type SharedHeaders = Readonly<Record<string, string>>;

/**
 * Decides for one route whether the fast path, which runs no guard, may serve one of its URLs. A guard of the route itself may
 * decide by anything (the hour, an IP address), so such a route stays closed. So does one whose shared headers differ twice.
 */
export class FastPathEligibility {
  private readonly isGuarded: boolean;
  private last?: SharedHeaders;

  constructor(controller: object, handler: object) {
    this.isGuarded = [controller, handler].some((target) => guardsOf(target).some((guard) => guard !== ViewGuard));
  }

  /** Whether a response to this request could open its URL. A client that sends another header never does, and pays for no try. */
  isOpenedBy(request: FastifyRequest): boolean {
    return !this.isGuarded && Object.keys(request.headers).every(isImpersonal);
  }

  /** @param common of `sharedHeaders` before the handler ran @returns the headers to open the URL with, or undefined */
  for(request: FastifyRequest, common: SharedHeaders | undefined): SharedHeaders | undefined {
    if (!common || !this.isOpenedBy(request)) return undefined;
    const { last } = this;
    if (last && same(last, common)) return last;
    // A nonce must not be repeated, so two responses with equal headers are needed. All URLs of a route share one object.
    this.last = common;
    return undefined;
  }
}

/** The guards that are declared on a controller or a handler, in the order in which they run. */
export function guardsOf(target: object): readonly unknown[] {
  return (Reflect.getMetadata(GUARDS_METADATA, target) ?? []) as unknown[];
}

/** Headers that hooks and decorators set before the handler ran; undefined if they must not be repeated. */
export function sharedHeaders(reply: ViewReply): SharedHeaders | undefined {
  const headers = Object.entries(reply.getHeaders());
  // `*` is the same for every origin.
  const isOpen = reply.getHeader('access-control-allow-origin') === '*';
  if (headers.some(([name]) => PERSONAL.test(name) && !(isOpen && name.startsWith('access-control-'))))
    return undefined;
  // The id names one request in the log, and a response of the fast path has no line there.
  const repeated = headers.filter(([name]) => name !== REQUEST_ID);
  return Object.fromEntries(repeated.map(([name, value]) => [name, String(value)]));
}

function same(a: SharedHeaders, b: SharedHeaders): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Whether the last hooks left the headers alone. The length and the request's id belong to one message. */
export function isSameBeside(
  final: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): boolean {
  const names = Object.keys({ ...final, ...expected }).filter(
    (name) => name !== 'content-length' && name !== REQUEST_ID,
  );
  return names.every((name) => final[name] === expected[name]);
}
