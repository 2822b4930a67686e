import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  HttpCode,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyReply } from 'fastify';
import { CacheEventBus, CacheView } from '../../../../src/caching';
import { cachedApp, closeApps } from '../../../support/nest-app';

const ran: string[] = [];

@Injectable()
class First implements CanActivate {
  canActivate(): boolean {
    return ran.push('first') > 0;
  }
}

@Injectable()
class Second implements CanActivate {
  canActivate(): Promise<boolean> {
    return Promise.resolve(ran.push('second') > 0);
  }
}

/** Says more than yes, as guards that count calls do. */
@Injectable()
class Counting implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    void reply.code(202).header('x-left', '9').header('vary', 'x-tenant');
    return true;
  }
}

@Controller()
class Routes {
  @Get('around') @UseGuards(First) @CacheView() @UseGuards(Second) around(): object {
    return { of: 'around' };
  }

  @Get('plain') @CacheView() plain(): object {
    return { of: 'plain' };
  }

  @Get('counted') @CacheView() @UseGuards(Counting) counted(): object {
    return { of: 'counted' };
  }

  @Get('header') @CacheView() @Header('x-own', 'yes') header(): object {
    return { of: 'header' };
  }

  @Get('created') @CacheView() @HttpCode(201) created(): object {
    return { of: 'created' };
  }
}

const PATHS = ['plain', 'counted', 'header', 'created'];

/** What an application may do around its handlers that a hit must not lose. */
const SETUPS: Record<string, (app: NestFastifyApplication) => unknown> = {
  'no hook': () => undefined,
  'a hook that sets headers past Fastify': (app) =>
    server(app).addHook('onRequest', (_request, { raw }, done) => {
      raw.setHeader('x-raw', 'yes').setHeader('vary', 'x-raw');
      done();
    }),
  'a hook that announces a trailer': (app) =>
    server(app).addHook('onRequest', (_request, reply, done) => {
      reply.trailer('x-sum', (_reply, _payload, finish) => finish(null, '1'));
      done();
    }),
  'a hook that announces a length': (app) =>
    server(app).addHook('onRequest', (_request, reply, done) => done(void reply.header('content-length', '3'))),
  'an onSend hook of some routes': (app) =>
    server(app).addHook('onRoute', (route) => {
      route.onSend = (_request, _reply, payload, done) => done(null, `<${String(payload)}>`);
    }),
};

function server(
  app: NestFastifyApplication,
): ReturnType<ReturnType<NestFastifyApplication['getHttpAdapter']>['getInstance']> {
  return app.getHttpAdapter().getInstance();
}

/** The fast path leaves a request with this header to the pipeline, which makes nothing of it. */
const PIPELINE = { pragma: 'no-cache' };
const REQUESTS: Record<string, string>[] = [PIPELINE, {}, { 'accept-encoding': 'br' }];
/** Of the cache, or of one message. */
const OWN = /^(age|cache-status|x-cache|etag|cache-control|date|connection|keep-alive)$/;

afterAll(closeApps);

describe.each(Object.entries(SETUPS))('with %s', (_name, prepare) => {
  const requests = PATHS.flatMap((path) => REQUESTS.map((headers) => [path, headers] as const));
  it.each(requests)('/%s %j: hits have what the framework sends without the cache', async (path, headers) => {
    const parts = { controllers: [Routes], prepare };
    const [plain, cached] = await Promise.all([cachedApp({ ...parts, caching: { layers: [] } }), cachedApp(parts)]);
    const reference = await plain.ask(`/${path}`, { headers });
    for (let i = 0; i < 4; i += 1) {
      const response = await cached.ask(`/${path}`, { headers });
      const theirs = (headers: object): object =>
        Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.test(name)));
      expect(theirs(response.headers)).toEqual(theirs(reference.headers));
      expect({ status: response.status, body: response.body.toString() }).toEqual({
        status: reference.status,
        body: reference.body.toString(),
      });
      // Fastify itself sends a 304 with a trailer as chunks, which no client can read.
      if (response.headers.trailer !== undefined) continue;
      const { etag } = response.headers;
      const held = await cached.ask(`/${path}`, { headers: { ...headers, 'if-none-match': String(etag) } });
      if (held.status !== 304) continue;
      expect(held.body).toHaveLength(0);
      expect(held.headers).not.toHaveProperty('content-type');
      expect({ ...held.headers, date: '' }).toMatchObject({ etag, vary: response.headers['vary'], date: '' });
    }
  });
});

it.each([{}, PIPELINE])('every guard of a route runs before a hit, wherever it is declared: %j', async (headers) => {
  const { ask } = await cachedApp({ controllers: [Routes] });
  for (let i = 0; i < 4; i += 1) {
    ran.length = 0;
    expect((await ask('/around', { headers: headers })).headers['x-cache']).toBe(i === 0 ? 'MISS' : 'HIT');
    expect(ran).toEqual(['second', 'first']);
  }
});

it('a hit that is not sent by the guard counts once', async () => {
  const { app, ask } = await cachedApp({ controllers: [Routes] });
  await ask('/plain', { headers: PIPELINE });
  const hits: string[] = [];
  app.get(CacheEventBus).on('hit', (key) => hits.push(key));
  await ask('/plain', { headers: { ...PIPELINE, 'if-match': '*' } });
  expect(hits).toHaveLength(1);
});

it('a route with @CacheView works in an application without the cache', async () => {
  const module = await Test.createTestingModule({ controllers: [Routes] }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.init();
  const { payload } = await app.inject('/plain');
  expect(JSON.parse(payload)).toEqual({ of: 'plain' });
  await app.close();
});
