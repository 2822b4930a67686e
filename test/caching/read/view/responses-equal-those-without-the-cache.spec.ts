import { Controller, Get, Module, Version, VersioningType } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { CacheView, CachingModule } from '../../../../src/caching';
import { ask, type RawAnswer, type RawRequest } from '../../../support/http';
import { ApiKeyGuard, TeapotFilter, Zoo } from './zoo.controller';

interface Running {
  readonly app: NestFastifyApplication;
  readonly url: string;
}

/** How an application may be set up around its handlers. */
type Setup = (app: NestFastifyApplication) => void | Promise<void>;
const open: NestFastifyApplication[] = [];

async function start(isCached: boolean, setup: Setup): Promise<Running> {
  const providers = [{ provide: APP_GUARD, useClass: ApiKeyGuard }];
  @Module({ imports: isCached ? [CachingModule.forRoot({})] : [], controllers: [Zoo], providers })
  class App {}
  const app = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), { logger: false });
  app.useGlobalFilters(new TeapotFilter());
  await setup(app);
  await app.listen(0, '127.0.0.1');
  open.push(app);
  return { app, url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}` };
}

afterAll(() => Promise.all(open.map((app) => app.close())));

const SETUPS: Record<string, Setup> = {
  'as it comes': () => undefined,
  'a reply serializer': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .setReplySerializer((value) =>
        JSON.stringify({ wrapped: value }, (_name, member: unknown) =>
          typeof member === 'bigint' ? `${member}n` : member,
        ),
      );
  },
  'a preSerialization hook': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('preSerialization', (_request, _reply, payload, done) => done(null, { data: payload }));
  },
  'a response schema': (app) => {
    const account = { type: 'object', properties: { name: { type: 'string' } } };
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRoute', (route) => {
        if (route.config && 'schemaOf' in route.config) route.schema = { response: { 200: account } };
      });
  },
  'an onSend hook that wraps the body': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onSend', (_request, _reply, payload, done) =>
        done(null, typeof payload === 'string' || Buffer.isBuffer(payload) ? `[${payload.toString()}]` : payload),
      );
  },
  'an onSend hook that sets a cookie': (app) => {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onSend', (_request, reply, _payload, done) => {
        void reply.header('set-cookie', 'late=1');
        done();
      });
  },
  'an onSend hook that adds a header': (app) => {
    let served = 0;
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onSend', (_request, reply, _payload, done) => {
        void reply.header('x-served', String(Math.min((served += 1), 1)));
        done();
      });
  },
  'CORS for two origins': (app) => app.enableCors({ origin: ['https://a.example', 'https://b.example'] }),
};

const PATHS = [
  'object array text json-text number boolean null undefined buffer typed-array stream file observable promise bigint date',
  'to-json created no-content header csv redirect redirect-dynamic missing gone teapot crash no-store max-age own-etag',
  'vary-unknown language cookie links sent echo/1 echo/1?q=a echo/2?q=%F0%9F%98%80 who schema large nowhere',
]
  .join(' ')
  .split(' ');

const CALLERS: Record<string, Record<string, string>> = {
  nobody: {},
  alice: { 'x-api-key': 'alice' },
  'origin a': { origin: 'https://a.example' },
  'origin b': { origin: 'https://b.example' },
  german: { 'accept-language': 'de' },
};

/** Headers that the cache adds, or that describe one message. */
const OWN = /^(age|cache-status|x-cache|etag|cache-control|vary|date|connection|keep-alive|x-request-id)$/;

/** What an application decided about a response; a header that the cache may add counts where the application set it. */
function decided({ status, headers, body }: RawAnswer, reference: RawAnswer): object {
  const theirs = Object.entries(headers).filter(([name]) => !OWN.test(name));
  const said = ['cache-control', 'etag'].filter((name) => reference.headers[name] !== undefined);
  return {
    status,
    headers: Object.fromEntries(theirs),
    said: said.map((name) => [name, headers[name]]),
    body: body.toString('latin1'),
  };
}

const members = (field: unknown): string[] => (typeof field === 'string' ? field.toLowerCase().split(/, */) : []);

describe.each(Object.entries(SETUPS))('with %s', (_name, setup) => {
  let plain: Running;
  let cached: Running;
  beforeAll(async () => {
    [plain, cached] = await Promise.all([start(false, setup), start(true, setup)]);
  });

  it.each(PATHS)('/%s is the same for every caller, on miss and on hits', async (path) => {
    for (const method of ['GET', 'HEAD'] as const) {
      for (const headers of Object.values(CALLERS)) {
        const request: RawRequest = { method, headers };
        const reference = await ask(plain.url, `/${path}`, request);
        for (let turn = 0; turn < 4; turn += 1) {
          const answer = await ask(cached.url, `/${path}`, request);
          expect(decided(answer, reference)).toEqual(decided(reference, reference));
          expect(members(answer.headers['vary'])).toEqual(expect.arrayContaining(members(reference.headers['vary'])));
        }
      }
    }
  });
});

describe('versions', () => {
  @Controller({ path: 'greeting' })
  class Greeting {
    @Get() @Version('1') @CacheView() first(): object {
      return { version: 1 };
    }
    @Get() @Version('2') @CacheView() second(): object {
      return { version: 2 };
    }
  }

  const kinds = {
    URI: [{ type: VersioningType.URI }, (v: string) => [`/v${v}/greeting`, {}], undefined],
    HEADER: [
      { type: VersioningType.HEADER, header: 'X-Version' },
      (v: string) => ['/greeting', { 'x-version': v }],
      'x-version',
    ],
    MEDIA_TYPE: [
      { type: VersioningType.MEDIA_TYPE, key: 'v=' },
      (v: string) => ['/greeting', { accept: `application/json;v=${v}` }],
      'accept',
    ],
    CUSTOM: [
      {
        type: VersioningType.CUSTOM,
        extractor: (request: { headers: Record<string, string> }) => request.headers['x-any'] ?? '1',
      },
      (v: string) => ['/greeting', { 'x-any': v }],
      '*',
    ],
  } as const;

  it.each(Object.entries(kinds))(
    'by %s: each version gets its own response, and Vary names what selects it',
    async (_kind, [options, request, vary]) => {
      @Module({ imports: [CachingModule.forRoot({})], controllers: [Greeting] })
      class App {}
      const app = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), { logger: false });
      open.push(app);
      app.enableVersioning(options as never);
      await app.listen(0, '127.0.0.1');
      const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
      for (const version of ['1', '2', '1', '2', '1']) {
        const [path, headers] = request(version) as [string, Record<string, string>];
        const answer = await ask(url, path, { headers });
        expect(JSON.parse(answer.body.toString())).toEqual({ version: Number(version) });
        if (vary) expect(members(answer.headers['vary'])).toContain(vary);
      }
    },
  );
});
