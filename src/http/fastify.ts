import { randomBytes } from 'node:crypto';
import { IncomingMessage, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyReply, FastifyRequest } from 'fastify';
import { Logger } from 'pino';
import { sendProblem, toProblem } from './problem.filter';
import { RequestLog } from './request-log';
import { DATA_HEADERS, PAGE_HEADERS } from './security-headers';
import { DOCS } from './openapi';

/** Largest request body, in bytes: the longest description there may be, several times over. */
const BODY_LIMIT = 64 * 1024;
/** A client that has not sent its whole request by then is not going to. In ms. */
const REQUEST_TIMEOUT = 30_000;
const REQUEST_ID = /^[\w.-]{1,64}$/;

/** Requests are counted; the count is unique together with the process. */
const PROCESS_ID = randomBytes(9).toString('hex');
let requests = 0;

/** A request id of the caller's, when it is one that may stand in a log, else a new one. */
function requestId(incoming: string | string[] | undefined): string {
  return typeof incoming === 'string' && REQUEST_ID.test(incoming)
    ? incoming
    : `${PROCESS_ID}-${(++requests).toString(36).padStart(7, '0')}`;
}

export function createAdapter(logger: Logger): FastifyAdapter {
  return new FastifyAdapter({
    loggerInstance: logger,
    logController: new RequestLog(logger.isLevelEnabled('debug')),
    genReqId: (request: IncomingMessage) => requestId(request.headers['x-request-id']),
    // Express's kind of middleware, of which there is none here, would be looked for at every request.
    skipMiddie: true,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT,
    // A key of the cache is a path parameter, and grows threefold and more when it is URL-encoded.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 12_000 },
    // Shutdown: idle keep-alive connections are closed at once, busy ones after their answer.
    forceCloseConnections: 'idle',
    // Longer than the usual idle time of a proxy's pool (60 s), or a request could meet a connection that is just closing.
    keepAliveTimeout: 65_000,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply, request, toProblem(error));
    },
  });
}

/** What every answer gets, whichever route it is from: security headers and the request's id. */
export function addServerHooks(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  // JSON alone: a form would turn up as texts, plain text as no body at all.
  server.removeContentTypeParser('text/plain');
  server.addHook('onRequest', (request, reply, done) => {
    const isPage = request.url.startsWith(`/${DOCS}`);
    void reply.headers(isPage ? PAGE_HEADERS : DATA_HEADERS).header('x-request-id', request.id);
    done();
  });
}

/** What the HTTP parser itself refuses has no request to go with it. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = BROKEN[error.code ?? ''] ?? 400;
  const body = JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const BROKEN: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
