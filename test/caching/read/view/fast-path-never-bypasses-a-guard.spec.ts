import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Inject,
  Injectable,
  Req,
  Scope,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { CacheView } from '../../../../src/caching';
import { cacheStatus } from '../../../support/http';
import { CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

/** Lets in who names themselves by any of the means that there are. */
@Injectable()
class Anybody implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { authorization, cookie, 'x-api-key': key, 'x-forwarded-for': address } = request.headers;
    const name = authorization ?? cookie ?? key ?? address;
    if (name === undefined) throw new UnauthorizedException();
    request.user = { id: String(name), roles: [], expires: Infinity };
    return true;
  }
}

/** Only some routes of the application are guarded, by one guard for all: as AuthGuard is. */
@Injectable()
class Everywhere extends Anybody {
  override canActivate(context: ExecutionContext): boolean {
    return !context.getHandler().name.startsWith('globally') || super.canActivate(context);
  }
}

@Controller()
class Routes {
  @Get('shared') @UseGuards(Anybody) @CacheView({ shared: true }) shared(): object {
    return { secret: 'of all who are signed in' };
  }

  @Get('public') @UseGuards(Anybody) @CacheView() public(): object {
    return { secret: 'of all who are signed in' };
  }

  @Get('private') @UseGuards(Anybody) @CacheView({ private: true }) private(
    @Req() { user }: { user: { id: string } },
  ): object {
    return { of: user.id };
  }

  @Get('private-in-browsers') @UseGuards(Anybody) @CacheView({ private: true, browser: '60s' }) inBrowsers(
    @Req() { user }: { user: { id: string } },
  ): object {
    return { of: user.id };
  }

  @Get('globally') @CacheView({ shared: true }) globally(): object {
    return { secret: 'of all who are signed in' };
  }

  @Get('globally-public') @CacheView() globallyPublic(): object {
    return { secret: 'of all who are signed in' };
  }

  @Get('open') @Header('x-kind', 'open') @CacheView() open(): object {
    return { open: true };
  }
}

/** Leaves the user that an API key belongs to in the shape that Nest's documentation of Passport has: without an `id`. */
@Injectable()
class ApiKeys implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    const key = request.headers['x-api-key'];
    if (key === 'object-id') request.user = { id: { toString: () => key } };
    else if (key !== undefined) request.user = { userId: 7, username: key };
    return true;
  }
}

@Controller({ path: 'greeting', scope: Scope.REQUEST })
class Greeting {
  constructor(@Inject(REQUEST) private readonly request: { user?: { username?: string } }) {}

  @Get() @CacheView() greet(): object {
    return { hello: this.request.user ? (this.request.user.username ?? 'user') : 'stranger' };
  }
}

const names = [{ authorization: 'Bearer a' }, { cookie: 'session=a' }, { 'x-api-key': 'a' }];

afterAll(closeApps);

let app: CachedApp;
beforeAll(async () => {
  app = await cachedApp({
    controllers: [Routes],
    providers: [{ provide: APP_GUARD, useClass: Everywhere }],
    prepare: (nest) => {
      const server = nest.getHttpAdapter().getInstance();
      server.addHook('onRequest', (request, reply, done) => {
        void reply.headers({
          'x-request-id': request.id,
          'x-content-type-options': 'nosniff',
          'x-xss-protection': '0',
        });
        done();
      });
      server.setGenReqId(({ headers }) => String(headers['x-request-id'] ?? Math.random()));
    },
  });
});

describe.each(['/shared', '/public', '/private', '/globally', '/globally-public'])('%s', (path) => {
  it.each(names)('stays closed to strangers after %j has filled it', async (headers) => {
    for (let i = 0; i < 4; i++) {
      expect((await app.ask(path, { headers: headers as never })).status).toBe(200);
      expect((await app.ask(path)).status).toBe(401);
    }
  });
});

it.each(['/shared', '/public'])('%s: a guard of the route itself may judge by anything', async (path) => {
  for (let i = 0; i < 4; i++) {
    expect((await app.ask(path, { headers: { 'x-forwarded-for': 'a' } })).status).toBe(200);
    expect((await app.ask(path)).status).toBe(401);
  }
});

it('a private response is served to its user only, also from the cache', async () => {
  for (let i = 0; i < 3; i++) {
    for (const who of ['anna', 'bert']) {
      const answer = await app.ask('/private', { headers: { authorization: who } });
      expect(JSON.parse(answer.body.toString())).toEqual({ of: who });
      expect(answer.headers).toMatchObject({ vary: 'authorization, accept-encoding' });
      expect(answer.headers['cache-control']).toContain('private');
      if (i > 0) expect(cacheStatus(answer)).toContain('hit');
    }
  }
});

it.each([
  ['authorization', { authorization: 'Bearer a' }],
  ['cookie', { cookie: 'a=b' }],
])('a public view that is not shared is bypassed by a request with %s', async (why, headers) => {
  for (let i = 0; i < 3; i++) {
    await app.ask('/open');
    const answer = await app.ask('/open', { headers });
    expect(cacheStatus(answer)).toBe(`strata; fwd=bypass; detail=${why}`);
    expect(answer.headers).toMatchObject({ 'cache-control': 'private, no-store', 'x-cache': 'BYPASS' });
  }
});

it('a bypass stays private where the layer is off', async () => {
  const off = await cachedApp({ caching: { layers: [] }, controllers: [Routes] });
  const answer = await off.ask('/open', { headers: { cookie: 'a=b' } });
  expect(answer.headers['cache-control']).toBe('private, no-store');
  expect((await off.ask('/open')).headers['cache-control']).toContain('public');
});

it('a user without an id bypasses a public view, however a guard has found that user', async () => {
  const greeting = await cachedApp({
    controllers: [Greeting],
    providers: [{ provide: APP_GUARD, useClass: ApiKeys }],
  });
  const greeted = { alice: 'alice', bob: 'bob', 'object-id': 'user' };
  for (let i = 0; i < 3; i++) {
    for (const [key, hello] of Object.entries(greeted)) {
      const answer = await greeting.ask('/greeting', { headers: { 'x-api-key': key } });
      expect(answer.body.toString()).toBe(JSON.stringify({ hello }));
      expect(cacheStatus(answer)).toBe('strata; fwd=bypass; detail=user');
    }
    const answer = await greeting.ask('/greeting');
    expect(answer.body.toString()).toBe('{"hello":"stranger"}');
    if (i > 0) expect(cacheStatus(answer)).toContain('hit');
  }
});

it('a private response that a browser may reuse is for one session: Vary names the cookie', async () => {
  for (let i = 0; i < 3; i++) {
    const { headers } = await app.ask('/private-in-browsers', { headers: { cookie: 'session=anna' } });
    expect(headers).toMatchObject({
      vary: 'authorization, cookie, accept-encoding',
      'cache-control': 'private, max-age=60',
    });
  }
});

it.each(['nosniff', '0', 'open'])('a request that calls itself %s removes no header of other responses', async (id) => {
  const path = `/open?`;
  for (let i = 0; i < 3; i++) await app.ask(path, { headers: { 'x-request-id': id } });
  for (let i = 0; i < 3; i++) {
    const answer = await app.ask(path, { headers: { 'x-request-id': 'mine' } });
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-xss-protection': '0',
      'x-kind': 'open',
    });
    // An answer in front of the framework has no line in the log, and no id.
    expect([undefined, 'mine']).toContain(answer.headers['x-request-id']);
  }
});

it('headers that differ from request to request are not repeated', async () => {
  let nonce = 0;
  const nonces = await cachedApp({
    controllers: [Routes],
    prepare: (nest) =>
      nest
        .getHttpAdapter()
        .getInstance()
        .addHook('onRequest', (_request, reply, done) => {
          void reply.header('content-security-policy', `script-src 'nonce-${nonce++}'`);
          done();
        }),
  });
  const seen = new Set<unknown>();
  for (let i = 0; i < 6; i++) seen.add((await nonces.ask('/open')).headers['content-security-policy']);
  expect(seen.size).toBe(6);
});
