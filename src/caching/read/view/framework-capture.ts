import type { FastifyInstance, FastifyReply, onSendHookHandler } from 'fastify';
import { hooksOf } from './fastify-internals';

/** What the framework is about to send: serialised by its own schemas, serialisers and preSerialization hooks. */
export interface FrameworkResponse {
  readonly status: number;
  /** All headers at that moment, by lower-case name. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly payload: unknown;
}

/**
 * Takes over a response at its last moment, after all onSend hooks. `serialised` is what the framework made of the value,
 * `current` the payload that other hooks made of that. Resolves with the payload to send.
 */
export type Finish = (serialised: FrameworkResponse, current: unknown) => unknown;

const CAPTURE = Symbol('capture');

interface Capture {
  readonly finish: Finish;
  serialised?: FrameworkResponse;
}

type Captured = FastifyReply & { [CAPTURE]?: Capture };

/** Asks for the response that the framework makes of what this request's handler returns. */
export function captureResponse(reply: object, finish: Finish): void {
  (reply as Captured)[CAPTURE] = { finish };
}

/**
 * The first onSend hook: reads the framework's own bytes before other hooks transform them for this client. Hooks that the
 * application added earlier come behind it too: they run on each hit, so what they did must not be stored.
 */
export function readSerialised(server: FastifyInstance): void {
  server.after(() => {
    const hooks = hooksOf(server) as { readonly onSend?: unknown } | null | undefined;
    if (Array.isArray(hooks?.onSend)) hooks.onSend.unshift(readHook);
    else server.addHook('onSend', readHook);
  });
}

/** The last onSend hook of the server: only now is it known what other hooks added, such as a cookie. */
export function finishResponses(server: FastifyInstance): void {
  server.addHook('onSend', finishHook);
}

const readHook = recognisable((_request, reply: Captured, payload, done) => {
  const capture = reply[CAPTURE];
  if (capture) capture.serialised = { status: reply.statusCode, headers: { ...reply.getHeaders() }, payload };
  done(null, payload);
});

const finishHook = recognisable((_request, reply: Captured, payload, done) => {
  const capture = reply[CAPTURE];
  if (!capture) return done(null, payload);
  // An error in `finish` makes the framework send an error response, which comes through here as well.
  reply[CAPTURE] = undefined;
  const serialised = capture.serialised ?? { status: reply.statusCode, headers: reply.getHeaders(), payload };
  // To Fastify undefined means "unchanged", null "no body". Where there was no body, its HEAD hook expects undefined.
  const none = payload === undefined ? undefined : null;
  Promise.resolve(capture.finish(serialised, payload)).then((final) => done(null, final ?? none), done);
});

export function isReadHook(hook: unknown): boolean {
  return hook === readHook;
}

export function isFinishHook(hook: unknown): boolean {
  return hook === finishHook;
}

/** A hook without `this`. Fastify binds each hook to its server, so that it could not be recognised among a route's hooks. */
function recognisable(hook: onSendHookHandler): onSendHookHandler {
  return Object.assign(hook, { bind: () => hook });
}
