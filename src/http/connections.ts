import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { makeRoom } from './crowded-server';
import type { EarlyRefusals } from './early-refusal';
import { MAX_WAITING, waitsBehindTooMany } from './pipelining';

/**
 * Limits of one connection, in ms. Node reads all but `keepAlive` when a server is constructed: set afterwards, `request` would leave
 * `headers` at 60 s, and both are only checked every 30 s unless `checkEvery` says otherwise.
 */
export interface ConnectionLimits {
  /** From the first byte of a connection or request until its head is complete. */
  readonly headers: number;
  /** Until the whole request is there, its body included. */
  readonly request: number;
  /** Idle between two requests. Longer than the pool of a proxy keeps a connection (60 s), or a request could meet one that is closing. */
  readonly keepAlive: number;
  /** Without a byte in either direction. A feed has to send something more often. */
  readonly silent: number;
  readonly checkEvery: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  headers: 15_000,
  request: 30_000,
  keepAlive: 65_000,
  silent: 120_000,
  checkEvery: 1_000,
};

/** Open connections of one node: from here on, idle ones make room for new ones. */
const MAX_CONNECTIONS = 4_096;

const TOO_MANY_WAITING = `More than ${MAX_WAITING} requests wait for their responses on this connection.`;

const refused = new WeakSet<Socket>();

/** Whether a request was refused on this connection: nothing after it is processed, and it closes once the refusal is sent. */
export function isRefused(socket: Socket): boolean {
  return refused.has(socket);
}

/** What `http.createServer()` has to be constructed with. */
export function serverOptions({ headers, request, checkEvery }: ConnectionLimits): ServerOptions {
  return {
    headersTimeout: headers,
    requestTimeout: request,
    connectionsCheckingInterval: checkEvery,
    // Node would refuse a missing Host itself, without a body; `ambiguity` does.
    requireHostHeader: false,
    // A second Host, Authorization or Content-Type line shows in the value, where Node would drop it silently.
    joinDuplicateHeaders: true,
  };
}

/**
 * Refuses requests that two servers could read differently, and those that wait behind too many others, before any other listener
 * sees them. A proxy that reuses connections may announce a body and not send it; the node would then take the next caller's request
 * for that body (request smuggling).
 */
export function guardConnections(server: Server, refusals: EarlyRefusals): void {
  makeRoom(server, MAX_CONNECTIONS);
  const refuse = (request: IncomingMessage, response: ServerResponse, status: number, detail: string): void => {
    refused.add(request.socket);
    const { headers, body } = refusals.refusal(status, detail, request);
    response.writeHead(status, headers).end(body);
  };
  const guarded =
    (pass: RequestListener): RequestListener =>
    (request, response) => {
      // RFC 9112 §9.6: what follows a "close" on the same connection is not processed.
      if (refused.has(request.socket)) return;
      const why = ambiguity(request);
      if (why !== undefined) return refuse(request, response, 400, why);
      if (waitsBehindTooMany(request, response)) return refuse(request, response, 503, TOO_MANY_WAITING);
      pass(request, response);
    };
  // The last moment before the first request: whatever else puts itself in front of the framework has done so.
  server.once('listening', () => {
    const listeners = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on(
      'request',
      guarded((request, response) => {
        for (const listener of listeners) listener(request, response);
      }),
    );
  });
  server.on(
    'checkContinue',
    guarded((request, response) => {
      response.writeContinue();
      server.emit('request', request, response);
    }),
  );
  server.on(
    'checkExpectation',
    guarded((request, response) => {
      refuse(request, response, 417, 'The only expectation that can be met is 100-continue.');
    }),
  );
}

const WITHOUT_BODY = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Why two servers could disagree about this request, or undefined. */
function ambiguity({ method = '', headers, httpVersion }: IncomingMessage): string | undefined {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') return 'The only Transfer-Encoding that can be read is chunked.';
    if (httpVersion !== '1.1') return `HTTP/${httpVersion} has no Transfer-Encoding.`;
  }
  if (headers.host === undefined ? httpVersion === '1.1' : headers.host.includes(',')) return 'There must be one Host.';
  const announced = coding !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return announced && WITHOUT_BODY.has(method) ? `${method} has no body here.` : undefined;
}
