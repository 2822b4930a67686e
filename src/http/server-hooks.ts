import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyReply, FastifyRequest } from 'fastify';
import { Cors, CorsOrigins, withVary } from './cors';
import { acceptedBodies, dropTypeOfNoBody, parseJsonBodies } from './json-body';
import { DOCS } from './openapi';
import { Problem } from './problem';
import { sendProblem } from './problem.filter';
import { RouteMethods } from './route-methods';
import { ROUTER_OPTIONS } from './fastify';
import { DATA_HEADERS, PAGE_HEADERS } from './security-headers';

/** Paths whose responses are data for anybody's page: the API and its description. */
const DATA = /^\/(api|problems|docs-json)\b/;

/** What every response gets and every request has to keep to, whichever route it is for. Call it before routes are added. */
export function addServerHooks(app: NestFastifyApplication, { corsOrigins }: { corsOrigins: CorsOrigins }): void {
  const server = app.getHttpAdapter().getInstance();
  const cors = new Cors(corsOrigins);
  const routes = new RouteMethods(ROUTER_OPTIONS);
  parseJsonBodies(server);

  server.addHook('onRoute', (route) => {
    routes.add(route.method, route.url);
    const config: object | undefined = route.config;
    const limit = config && 'bodyLimit' in config ? config.bodyLimit : undefined;
    if (typeof limit === 'number') route.bodyLimit = limit;
  });

  server.addHook('onRequest', (request, reply, done) => {
    const { url, method, headers } = request;
    void reply.headers(headersFor(url, headers.origin)).header('x-request-id', request.id);
    const isUnrouted =
      request.is404 || method === 'OPTIONS' || routes.isMistaken(method, url, request.routeOptions.url);
    const allow = isUnrouted ? routes.allow(url) : undefined;
    if (allow !== undefined) return withoutRoute(request, reply, allow);
    const fault = faultOf(url);
    if (fault) return sendProblem(reply, request, fault);
    if (method !== 'GET') dropTypeOfNoBody(headers);
    done();
  });

  if (cors.varies) {
    server.addHook('onSend', (request, reply, payload, done) => {
      if (DATA.test(request.url)) void reply.header('vary', withVary(reply.getHeader('vary'), 'Origin'));
      done(null, payload);
    });
  }

  function headersFor(url: string, origin: string | undefined): Readonly<Record<string, string>> {
    if (DATA.test(url)) return corsOrigins === '*' ? OPEN_HEADERS : { ...DATA_HEADERS, ...cors.headers(origin) };
    return url.startsWith(`/${DOCS}`) ? PAGE_HEADERS : DATA_HEADERS;
  }

  /** The URL is known, the method is not: OPTIONS says what there is (RFC 9110 §9.3.7), anything else is a 405. */
  function withoutRoute(request: FastifyRequest, reply: FastifyReply, allow: string): void {
    const { method, headers, url } = request;
    if (method !== 'OPTIONS') {
      const detail = `${method} is not allowed here; ${allow} are.`;
      return sendProblem(reply, request, new Problem(405, detail, { headers: { allow } }));
    }
    const isPreflight = headers['access-control-request-method'] !== undefined && DATA.test(url);
    const preflight = isPreflight ? cors.preflight(headers.origin, allow) : {};
    void reply
      .code(204)
      .headers({ allow, ...acceptedBodies(allow), ...preflight })
      .send();
  }
}

/** One object for all requests, made once: with `*` nothing depends on the caller. */
const OPEN_HEADERS = Object.freeze({ ...DATA_HEADERS, ...new Cors('*').headers(undefined) });

/** What a URL encodes is UTF-8 (RFC 3986 §2.5). Taken literally, each broken query would be a question of its own. */
function faultOf(url: string): Problem | undefined {
  if (!url.includes('%')) return undefined;
  try {
    decodeURIComponent(url);
    return undefined;
  } catch {
    return new Problem(400, 'The query is not percent-encoded UTF-8.');
  }
}
