import { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { Bindings, ChildLoggerOptions, Logger } from 'pino';
import { refuseBrokenRequest } from './broken-request';
import { CommonHeaders } from './common-headers';
import { CONNECTION_LIMITS, guardConnections, serverOptions } from './connections';
import { EarlyRefusals } from './early-refusal';
import { sendProblem, toProblem } from './problem.filter';
import { requestId } from './request-id';
import { RequestLog } from './request-log';
import { RequestLogger } from './request-logger';

/** Largest request body, in bytes: the longest description there may be, several times over. */
const BODY_LIMIT = 64 * 1024;

/** A key of the cache is a path parameter, and grows threefold and more when it is URL-encoded. */
export const ROUTER_OPTIONS = { ignoreTrailingSlash: true, maxParamLength: 12_000 };

export function createAdapter(
  logger: Logger,
  { limits = CONNECTION_LIMITS, common = new CommonHeaders('none') } = {},
): FastifyAdapter {
  const refusals = new EarlyRefusals(common, logger);
  const adapter = new FastifyAdapter({
    loggerInstance: logger,
    logController: new RequestLog(logger.isLevelEnabled('debug')),
    childLoggerFactory: (parent: FastifyBaseLogger, bindings: Bindings, options: ChildLoggerOptions) =>
      new RequestLogger(parent, bindings, options),
    genReqId: (request: IncomingMessage) => requestId(request.headers),
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
    clientErrorHandler: (error, socket) => refuseBrokenRequest(refusals, error, socket),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      // What the router itself refuses goes past all hooks.
      void reply.headers(common.of(request.url, request.headers.origin)).header('x-request-id', request.id);
      sendProblem(reply, request, toProblem(error));
    },
  });
  guardConnections(adapter.getInstance().server, refusals);
  return adapter;
}
