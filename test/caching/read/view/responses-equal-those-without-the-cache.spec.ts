import { Controller, Get, Module, Version, VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { CacheStack, CacheView, CachingModule, type CachingOptions } from '../../../../src/caching';
import { CACHE_STACK } from '../../../../src/caching/caching.tokens';
import { effort } from '../../../support/effort';
import { ask, type RawAnswer, type RawRequest } from '../../../support/http';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { live } from '../../../support/stacks';
import { ApiKeyGuard, TeapotFilter, Zoo } from './zoo.controller';
import { asEncoded } from './zoo.encodings';
import { type Setup, SETUPS } from './zoo.setups';

interface Running {
  readonly app: NestFastifyApplication;
  readonly url: string;
}

const open: NestFastifyApplication[] = [];

async function start(setup: Setup, caching?: CachingOptions): Promise<Running> {
  const providers = [{ provide: APP_GUARD, useClass: ApiKeyGuard }];
  @Module({ imports: caching ? [CachingModule.forRoot(caching)] : [], controllers: [Zoo], providers })
  class App {}
  const app = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), { logger: false });
  app.useGlobalFilters(new TeapotFilter());
  await setup(app);
  await app.listen(0, '127.0.0.1');
  open.push(app);
  return { app, url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}` };
}

let server: RedisServer;
needs('redis-server');
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(async () => {
  await Promise.all(open.map((app) => app.close()));
  await server.stop();
});

const PATHS = [
  'object array text json-text number boolean null undefined buffer typed-array stream file observable promise bigint date',
  'to-json created no-content header csv redirect redirect-dynamic missing gone teapot crash no-store max-age own-etag',
  'vary-unknown language cookie links sent echo/1 echo/1?q=a echo/2?q=%F0%9F%98%80 who schema large translated nowhere',
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

/** Asked where the application has onSend hooks: those get a hit as they got its miss, so none may be encoded before them. */
const ENCODINGS: Record<string, Record<string, string>> = {
  gzip: { 'accept-encoding': 'gzip' },
  br: { 'accept-encoding': 'br;q=1, gzip;q=0.5' },
};

/** Which node is asked in turn: a miss, hits of the first, of the L2 and the L1 of the second, and one that was made ready for sending. */
const NODES = [0, 0, 1, 1, 0];
/** After which of these a client that holds the response asks again. */
const REVALIDATES = new Set(effort([1, 4], [0, 1, 2, 3, 4]));
/** HEAD is the same code for every caller. */
const HEADS = effort(1, Infinity);

/** Headers that the cache adds, or that describe one message. */
const OWN = /^(age|cache-status|x-cache|etag|cache-control|vary|date|connection|keep-alive|x-request-id)$/;
/** What a 304 leaves out (RFC 9110 §15.4.5), and what the length and the encoding of the cache's own encoding are. */
const OF_THE_BODY = /^(content-|transfer-encoding)/;

/** What an application decided about a response; a header that the cache may add counts where the application set it. */
function decided(answer: RawAnswer, reference: RawAnswer, ignored: RegExp = OWN): object {
  const { status, headers, body } = asEncoded(answer, reference);
  const theirs = Object.entries(headers).filter(([name]) => !OWN.test(name) && !ignored.test(name));
  const said = ['cache-control', 'etag'].filter((name) => reference.headers[name] !== undefined);
  return {
    status,
    headers: Object.fromEntries(theirs),
    said: said.map((name) => [name, headers[name]]),
    body: ignored === OWN ? body.toString('latin1') : '',
  };
}

/** Each of these has something that no other has. */
const USUAL = new Set(['as it comes', 'an onSend hook that masks text', 'CORS for two origins', '@fastify/compress']);

const members = (field: unknown): string[] => (typeof field === 'string' ? field.toLowerCase().split(/, */) : []);

describe.each(Object.entries(SETUPS).filter(([name]) => effort(USUAL.has(name), true)))('with %s', (name, setup) => {
  let plain: Running;
  let nodes: Running[];
  const hasHooks = name === '@fastify/compress' || name.startsWith('an onSend hook');
  // Only these two may treat an origin otherwise than another.
  const withOrigins = effort(['as it comes', 'CORS for two origins'].includes(name), true);
  const known = Object.entries(CALLERS).filter(([caller]) => withOrigins || !caller.startsWith('origin'));
  const callers = [...known.map(([, headers]) => headers), ...(hasHooks ? Object.values(ENCODINGS) : [])];

  beforeAll(async () => {
    const caching = { prefix: `zoo-${randomUUID()}`, l2Timeout: '10s', redis: { url: server.url } };
    [plain, ...nodes] = await Promise.all([start(setup), start(setup, caching), start(setup, caching)]);
    await Promise.all(nodes.map(({ app }) => live(app.get<CacheStack>(CACHE_STACK))));
  });

  it.each(PATHS)('/%s is the same for every caller, on a miss, hits of L1 and L2, and a 304', async (path) => {
    const seen = new Set<string>();
    for (const method of ['GET', 'HEAD'] as const) {
      for (const headers of method === 'GET' ? callers : callers.slice(0, HEADS)) {
        const request: RawRequest = { method, headers };
        const reference = await ask(plain.url, `/${path}`, request);
        const expected = decided(reference, reference);
        for (const [turn, index] of NODES.entries()) {
          const { url } = nodes[index]!;
          const answer = await ask(url, `/${path}`, request);
          expect(decided(answer, reference)).toEqual(expected);
          expect(members(answer.headers['vary'])).toEqual(expect.arrayContaining(members(reference.headers['vary'])));
          if (method === 'GET') seen.add(String(answer.headers['x-cache'] ?? 'none'));
          if (REVALIDATES.has(turn)) await revalidated(url, path, request, answer, reference);
        }
      }
    }
    table.set(path, (table.get(path) ?? new Map<string, string>()).set(name, howServed(seen)));
  });
});

/** A client that holds the response gets it again, or a 304 with the same headers and no body. */
async function revalidated(
  url: string,
  path: string,
  { method, headers }: RawRequest,
  { headers: { etag, 'content-length': whole }, status }: RawAnswer,
  reference: RawAnswer,
): Promise<void> {
  if (etag === undefined || status !== 200) return;
  const again = await ask(url, `/${path}`, { method, headers: { ...headers, 'if-none-match': etag } });
  if (again.status !== 304) return expect(decided(again, reference)).toEqual(decided(reference, reference));
  expect(again.body).toHaveLength(0);
  expect({ ...decided(again, reference, OF_THE_BODY), status: 200 }).toEqual(
    decided(reference, reference, OF_THE_BODY),
  );
  // RFC 9110 §8.6: none, or that of the 200.
  const length = again.headers['content-length'];
  if (length !== undefined) expect(length).toBe(whole);
}

/** Handlers by set-ups, for docs/responses.md: `npm run test:slow` with ZOO_TABLE=file. */
const table = new Map<string, Map<string, string>>();

function howServed(seen: ReadonlySet<string>): string {
  if (seen.has('HIT')) return seen.has('BYPASS') ? 'cached, some past it' : 'cached';
  return 'past it';
}

afterAll(() => {
  if (process.env.ZOO_TABLE)
    writeFileSync(process.env.ZOO_TABLE, JSON.stringify([...table].map(([p, m]) => [p, ...m])));
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
    @Get('any') @Version(VERSION_NEUTRAL) @CacheView() any(): object {
      return { any: true };
    }
    @Get('old') @Version([VERSION_NEUTRAL, '1']) @CacheView() old(): object {
      return { version: 1 };
    }
    @Get('old') @Version('2') @CacheView() renewed(): object {
      return { version: 2 };
    }
  }

  const kinds = {
    URI: [{ type: VersioningType.URI }, (v: string, path: string) => [`/v${v}/${path}`, {}], undefined],
    HEADER: [
      { type: VersioningType.HEADER, header: 'X-Version' },
      (v: string, path: string) => [`/${path}`, { 'x-version': v }],
      'x-version',
    ],
    MEDIA_TYPE: [
      { type: VersioningType.MEDIA_TYPE, key: 'v=' },
      (v: string, path: string) => [`/${path}`, { accept: `application/json;v=${v}` }],
      'accept',
    ],
    CUSTOM: [
      {
        type: VersioningType.CUSTOM,
        extractor: (request: { headers: Record<string, string> }) => request.headers['x-any'] ?? '1',
      },
      (v: string, path: string) => [`/${path}`, { 'x-any': v }],
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
        for (const route of ['greeting', 'greeting/old']) {
          const [path, headers] = request(version, route) as [string, Record<string, string>];
          const answer = await ask(url, path, { headers });
          expect(JSON.parse(answer.body.toString())).toEqual({ version: Number(version) });
          if (vary) expect(members(answer.headers['vary'])).toContain(vary);
        }
        expect(JSON.parse((await ask(url, '/greeting/any')).body.toString())).toEqual({ any: true });
      }
    },
  );
});
