import type { ServerResponse } from 'node:http';
import { ExpressReply, type ViewReply } from './express';
import { replyHeadersOf, replyTrailersOf, routeContextOf } from './fastify-internals';
import { type FrameworkResponse, isFinishHook, isReadHook } from './framework-capture';
import { compressesItself } from './response/encoding';
import { isSameBeside } from './route/fast-path-eligibility';

interface ReplyParts {
  readonly raw: ServerResponse;
  readonly request?: object;
}

/** Which onSend hooks of the application see the responses of a route. */
interface OtherHooks {
  readonly any: boolean;
  /** The route has hooks of its own, which Fastify runs behind those of the server: behind `finish` too. */
  readonly behind: boolean;
}

/** Another release of Fastify may have the hooks elsewhere: then nothing is known of them. */
const UNKNOWN: OtherHooks = { any: true, behind: true };

/** Hooks are complete before the first request. */
const otherHooks = new WeakMap<object, OtherHooks>();

function othersOf({ request }: Pick<ReplyParts, 'request'>): OtherHooks {
  const route = request && routeContextOf(request);
  if (typeof route !== 'object' || route === null) return UNKNOWN;
  let others = otherHooks.get(route);
  if (!others) {
    others = othersAmong((route as { onSend?: unknown }).onSend, (request as { method?: unknown }).method === 'HEAD');
    otherHooks.set(route, others);
  }
  return others;
}

/** @param isHead a route that Fastify added by itself, whose last hook drops the body */
function othersAmong(hooks: unknown, isHead: boolean): OtherHooks {
  if (!Array.isArray(hooks)) return UNKNOWN;
  const known = isHead ? hooks.slice(0, -1) : hooks;
  return {
    any: !known.every((hook) => isReadHook(hook) || isFinishHook(hook)),
    behind: !isFinishHook(known.at(-1)),
  };
}

/** Whether onSend hooks of the application see the response. They have to see a hit as they saw its miss. */
export function isSeenByHooks(reply: ViewReply): boolean {
  return !(reply instanceof ExpressReply) && othersOf(reply).any;
}

/**
 * Whether the response is the one that the framework made: no hook of the application has changed its body, status, or validator,
 * and none is left that could.
 */
export function isLeftAlone(serialised: FrameworkResponse, current: unknown, reply: ViewReply): boolean {
  const isSame = current === serialised.payload && reply.statusCode === serialised.status;
  return isSame && reply.getHeader('etag') === serialised.headers['etag'] && !hasHooksBehind(reply);
}

/** Compression leaves the content as it is, and a weak ETag allows for it. */
function hasHooksBehind(reply: ViewReply): boolean {
  return !(reply instanceof ExpressReply) && !compressesItself(reply) && othersOf(reply).behind;
}

/** Whether the fast path may send the head of a response: hooks left the headers as `expected`, and no trailer follows the body. */
export function isHeadRepeatable(reply: ViewReply, expected: Readonly<Record<string, unknown>>): boolean {
  return replyTrailersOf(reply) === null && isSameBeside(reply.getHeaders(), expected);
}

/**
 * The headers that hooks have set so far, where the framework would add a buffer to them, its length, and nothing else: no onSend
 * hook of the application and no trailer. Undefined anywhere else, and where another release of Fastify hides these elsewhere.
 */
export function headersUnlessSeen(reply: ReplyParts): Readonly<Record<string, unknown>> | undefined {
  if (othersOf(reply).any || replyTrailersOf(reply) !== null) return undefined;
  // Of headers that were set past Fastify, Node alone knows.
  if (reply.raw.getHeaderNames().length > 0) return undefined;
  return replyHeadersOf(reply) as Readonly<Record<string, unknown>> | undefined;
}
