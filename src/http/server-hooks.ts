import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyReply, FastifyRequest } from 'fastify';
import { type CommonHeaders, isData } from './common-headers';
import { withVary } from './cors';
import { acceptedBodies, dropTypeOfNoBody, parseJsonBodies } from './json-body';
import { Problem } from './problem';
import { sendProblem } from './problem.filter';
import { RouteMethods } from './route-methods';
import { ROUTER_OPTIONS } from './fastify';

/** What every response gets and every request has to keep to, whichever route it is for. Call it before routes are added. */
export function addServerHooks(app: NestFastifyApplication, common: CommonHeaders): void {
  const server = app.getHttpAdapter().getInstance();
  const { cors } = common;
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
    void reply.headers(common.of(url, headers.origin)).header('x-request-id', request.id);
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
      if (isData(request.url)) void reply.header('vary', withVary(reply.getHeader('vary'), 'Origin'));
      done(null, payload);
    });
  }

  /** The URL is known, the method is not: OPTIONS says what there is (RFC 9110 §9.3.7), anything else is a 405. */
  function withoutRoute(request: FastifyRequest, reply: FastifyReply, allow: string): void {
    const { method, headers, url } = request;
    if (method !== 'OPTIONS') {
      const detail = `${method} is not allowed here; ${allow} are.`;
      return sendProblem(reply, request, new Problem(405, detail, { headers: { allow } }));
    }
    const isPreflight = headers['access-control-request-method'] !== undefined && isData(url);
    const preflight = isPreflight ? cors.preflight(headers.origin, allow) : {};
    void reply
      .code(204)
      .headers({ allow, ...acceptedBodies(allow), ...preflight })
      .send();
  }
}

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
