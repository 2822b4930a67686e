import { randomBytes } from 'node:crypto';
import { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { Bindings, ChildLoggerOptions, Logger } from 'pino';
import { refuseBrokenRequest } from './broken-request';
import { CONNECTION_LIMITS, guardConnections, serverOptions } from './connections';
import { sendProblem, toProblem } from './problem.filter';
import { RequestLog } from './request-log';
import { RequestLogger } from './request-logger';
import { DATA_HEADERS } from './security-headers';

/** Largest request body, in bytes: the longest description there may be, several times over. */
const BODY_LIMIT = 64 * 1024;
const REQUEST_ID = /^[\w.-]{1,64}$/;

/** A key of the cache is a path parameter, and grows threefold and more when it is URL-encoded. */
export const ROUTER_OPTIONS = { ignoreTrailingSlash: true, maxParamLength: 12_000 };

/** Requests are counted; the count is unique together with the process. */
const PROCESS_ID = randomBytes(9).toString('hex');
let requests = 0;

/** A request id of the caller's, when it is one that may stand in a log, else a new one. */
function requestId(incoming: string | string[] | undefined): string {
  return typeof incoming === 'string' && REQUEST_ID.test(incoming)
    ? incoming
    : `${PROCESS_ID}-${(++requests).toString(36).padStart(7, '0')}`;
}

export function createAdapter(logger: Logger, limits = CONNECTION_LIMITS): FastifyAdapter {
  const adapter = new FastifyAdapter({
    loggerInstance: logger,
    logController: new RequestLog(logger.isLevelEnabled('debug')),
    childLoggerFactory: (parent: FastifyBaseLogger, bindings: Bindings, options: ChildLoggerOptions) =>
      new RequestLogger(parent, bindings, options),
    genReqId: (request: IncomingMessage) => requestId(request.headers['x-request-id']),
    // Express's kind of middleware, of which there is none here, would be looked for at every request.
    skipMiddie: true,
    bodyLimit: BODY_LIMIT,
    http: serverOptions(limits),
    requestTimeout: limits.request,
    connectionTimeout: limits.silent,
    routerOptions: ROUTER_OPTIONS,
    // A request that still arrives on an open connection is served as any other.
    return503OnClosing: false,
    // Shutdown: idle keep-alive connections are closed at once, busy ones after their response.
    forceCloseConnections: 'idle',
    keepAliveTimeout: limits.keepAlive,
    clientErrorHandler: refuseBrokenRequest,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      // What the router itself refuses goes past all hooks.
      void reply.headers(DATA_HEADERS).header('x-request-id', request.id);
      sendProblem(reply, request, toProblem(error));
    },
  });
  guardConnections(adapter.getInstance().server);
  return adapter;
}
