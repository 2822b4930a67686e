import { Readable } from 'node:stream';
import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  Injectable,
  NotFoundException,
  Query,
  Res,
  ServiceUnavailableException,
  StreamableFile,
  UnprocessableEntityException,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Exclude } from 'class-transformer';
import type { FastifyReply } from 'fastify';
import { EMPTY } from 'rxjs';
import { CacheView } from '../../../../src/caching';
import { eventually } from '../../../support/eventually';
import { cacheStatus, kept } from '../../../support/http';
import { CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

@Injectable()
class Runs {
  count = 0;
}

class Account {
  name = 'alice';
  @Exclude() password = 'hunter2';
}

const bytes = (size: number): string => JSON.stringify('x'.repeat(size - 2));

@Controller()
class Kinds {
  constructor(@Inject(Runs) private readonly runs: Runs) {}

  private run<T>(value: T): T {
    this.runs.count += 1;
    return value;
  }

  @Get('plain')
  plain(): object {
    return this.run({ nobody: 'asked for a cache' });
  }

  @Get('account') @CacheView() account(): Account {
    return this.run(new Account());
  }

  @Get('cookie') @CacheView() cookie(@Res({ passthrough: true }) reply: FastifyReply): object {
    void reply.header('set-cookie', 'session=1');
    return this.run({ personal: true });
  }

  @Get('stream') @CacheView() stream(): Readable {
    return this.run(Readable.from(['streamed']));
  }

  @Get('web-stream') @CacheView() webStream(): ReadableStream {
    return this.run(Readable.toWeb(Readable.from(['streamed'])) as ReadableStream);
  }

  @Get('response') @CacheView() response(): Response {
    return this.run(new Response('fetched', { headers: { 'content-type': 'text/x-own' } }));
  }

  @Get('file') @CacheView() file(): StreamableFile {
    return this.run(new StreamableFile(Buffer.from('a file'), { type: 'text/plain' }));
  }

  @Get('itself') @CacheView() itself(@Res() reply: FastifyReply): void {
    this.run(reply.send('sent by the handler'));
  }

  @Get('large') @CacheView() large(): string {
    return this.run(bytes(1024 * 1024 + 1));
  }

  @Get('largest') @CacheView() largest(): string {
    return this.run(bytes(1024 * 1024));
  }

  @Get('created') @HttpCode(201) @CacheView() created(): object {
    return this.run({ status: 201 });
  }

  @Get('nothing') @CacheView() nothing(): null {
    return this.run(null);
  }

  @Get('broken') @CacheView() broken(): object {
    this.run(0);
    throw new ServiceUnavailableException('not now');
  }

  @Get('refused') @CacheView() refused(): object {
    this.run(0);
    throw new UnprocessableEntityException('not like this');
  }

  @Get('missing') @CacheView() missing(@Query('id') id: string): object {
    this.run(0);
    throw new NotFoundException(`There is no ${id}`);
  }

  @Get('own-headers') @CacheView() ownHeaders(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.headers({ 'content-type': 'text/csv; charset=utf-8', 'x-own': 'yes', 'content-language': 'de' });
    return this.run('a;b');
  }

  @Get('declared-headers')
  @Header('content-type', 'text/csv')
  @Header('x-declared', 'yes')
  @CacheView()
  declaredHeaders(): string {
    return this.run('a;b');
  }

  @Get('empty') @CacheView() empty(): unknown {
    return this.run(EMPTY);
  }

  @Get('bytes') @CacheView() bytes(): Buffer {
    return this.run(Buffer.from([1, 2, 3]));
  }
}

afterAll(closeApps);

let app: CachedApp;
let runs: Runs;

beforeAll(async () => {
  app = await cachedApp({
    caching: { negativeTtl: '2s', grace: 0 },
    controllers: [Kinds],
    providers: [Runs],
  });
  runs = app.app.get(Runs);
});

it.each([
  ['plain', 'a route without @CacheView', undefined],
  ['cookie', 'Set-Cookie', 'strata; fwd=bypass; detail=not-cacheable'],
  ['stream', 'a stream', 'strata; fwd=bypass; detail=not-cacheable'],
  ['web-stream', 'a web stream', 'strata; fwd=bypass; detail=not-cacheable'],
  ['response', 'a fetch Response', 'strata; fwd=bypass; detail=not-cacheable'],
  ['file', 'a StreamableFile', 'strata; fwd=bypass; detail=not-cacheable'],
  ['created', 'a status other than 200', 'strata; fwd=bypass; detail=not-cacheable'],
  ['large', 'a body over 1 MiB', 'strata; fwd=uri-miss'],
  ['itself', 'what the handler sends itself', undefined],
  ['empty', 'an Observable without a value', undefined],
  ['refused', 'a refusal', 'strata; fwd=uri-miss'],
  ['broken', 'an error', undefined],
])('%s: never keeps %s', async (path, _what, status) => {
  const before = runs.count;
  const first = await app.ask(`/${path}`);
  const second = await app.ask(`/${path}`);
  expect(runs.count).toBe(before + 2);
  expect(kept(second)).toEqual(kept(first));
  expect(first.headers['cache-status']).toBe(status);
  expect(first.headers.etag === undefined || path === 'large').toBe(true);
});

it('passes what it does not keep on as it is', async () => {
  expect((await app.ask('/stream')).body.toString()).toBe('streamed');
  expect((await app.ask('/web-stream')).body.toString()).toBe('streamed');
  expect(await app.ask('/response')).toMatchObject({ headers: { 'content-type': 'text/x-own' } });
  expect((await app.ask('/response')).body.toString()).toBe('fetched');
  expect((await app.ask('/file')).body.toString()).toBe('a file');
  expect((await app.ask('/cookie')).headers['set-cookie']).toEqual(['session=1']);
  expect((await app.ask('/large')).body).toHaveLength(1024 * 1024 + 1);
  // As Nest alone has it.
  expect((await app.ask('/empty')).status).toBe(500);
});

it.each([
  ['account', 'application/json; charset=utf-8', '{"name":"alice","password":"hunter2"}'],
  ['own-headers', 'text/csv; charset=utf-8', 'a;b'],
  ['declared-headers', 'text/csv', 'a;b'],
  ['bytes', 'application/octet-stream', '\u0001\u0002\u0003'],
  ['nothing', 'application/json; charset=utf-8', 'null'],
  ['largest', 'text/plain; charset=utf-8', bytes(1024 * 1024)],
])('%s: is kept as the router would send it, headers and all', async (path, type, body) => {
  const before = runs.count;
  const answers = [await app.ask(`/${path}`), await app.ask(`/${path}`), await app.ask(`/${path}`)];
  expect(runs.count).toBe(before + 1);
  expect(answers.map(cacheStatus)[2]).toMatch(/^strata; hit/);
  for (const answer of answers) {
    expect(kept(answer)).toEqual(kept(answers[0]!));
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.body.toString()).toBe(body);
    expect(new Set(answer.names).size).toBe(answer.names.length);
  }
});

it('the headers of the handler come back with every hit', async () => {
  for (let i = 0; i < 3; i++) {
    expect((await app.ask('/own-headers')).headers).toMatchObject({ 'x-own': 'yes', 'content-language': 'de' });
    expect((await app.ask('/declared-headers')).headers['x-declared']).toBe('yes');
  }
});

it('what @Exclude hides stays hidden, on the miss and on every hit', async () => {
  const serialising = await cachedApp({
    controllers: [Kinds],
    providers: [Runs],
    prepare: (nest) => nest.useGlobalInterceptors(new ClassSerializerInterceptor(nest.get(Reflector))),
  });
  for (let i = 0; i < 4; i++) {
    const answer = await serialising.ask('/account');
    expect(answer.body.toString()).toBe('{"name":"alice"}');
    if (i > 0) expect(cacheStatus(answer)).toMatch(/^strata; hit/);
  }
  expect(serialising.app.get(Runs).count).toBe(1);
});

it('"there is no such thing" is kept, for a moment', async () => {
  const before = runs.count;
  const first = await app.ask('/missing?id=7');
  const second = await app.ask('/missing?id=7');
  expect([first.status, second.status, runs.count]).toEqual([404, 404, before + 1]);
  expect(kept(second)).toEqual(kept(first));
  expect(cacheStatus(first)).toBe('strata; fwd=uri-miss; stored');
  expect(cacheStatus(second)).toMatch(/^strata; hit; ttl=\d; detail=l1$/);
  await eventually(async () => cacheStatus(await app.ask('/missing?id=7')) === 'strata; fwd=uri-miss; stored');
});
