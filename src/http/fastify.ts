import { randomUUID } from 'node:crypto';
import { IncomingMessage } from 'node:http';
import helmet from '@fastify/helmet';
import { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyReply, FastifyRequest } from 'fastify';
import { Logger } from 'pino';
import { sendProblem, toProblem } from './problem.filter';
import { RequestLog } from './request-log';

/** Largest request body, in bytes: the longest description there may be, several times over. */
const BODY_LIMIT = 64 * 1024;
const REQUEST_ID = /^[\w.-]{1,64}$/;

/** A request id of the caller's, when it is one that may stand in a log, else a new one. */
function requestId(incoming: string | string[] | undefined): string {
  return typeof incoming === 'string' && REQUEST_ID.test(incoming) ? incoming : randomUUID();
}

export function createAdapter(logger: Logger): FastifyAdapter {
  return new FastifyAdapter({
    loggerInstance: logger,
    logController: new RequestLog(),
    genReqId: (request: IncomingMessage) => requestId(request.headers['x-request-id']),
    bodyLimit: BODY_LIMIT,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    // Shutdown: idle keep-alive connections are closed at once, busy ones after their answer.
    forceCloseConnections: 'idle',
    // Longer than the usual idle time of a proxy's pool (60 s), or a request could meet a connection that is just closing.
    keepAliveTimeout: 65_000,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply, request, toProblem(error));
    },
  });
}

/** What every answer gets, whichever route it is from: security headers and the request's id. */
export async function addServerHooks(app: NestFastifyApplication): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        // Swagger UI styles its elements inline.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        // It would send Swagger UI's own requests to https, which nobody serves on a plain http host.
        upgradeInsecureRequests: null,
      },
    },
  });
  const server = app.getHttpAdapter().getInstance();
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
}
