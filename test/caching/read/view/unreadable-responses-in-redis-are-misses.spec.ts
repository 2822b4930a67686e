import { Controller, Get, Header, NotFoundException, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CacheView } from '../../../../src/caching';
import type { Sealing } from '../../../support/forged-entries';
import { type ForgedApp, useForgedEntries } from '../../../support/forged-suite';
import { closeApps } from '../../../support/nest-app';

@Controller('news')
class NewsController {
  @Get() @CacheView() list(): object {
    return { news: 'true' };
  }

  @Get('by-language') @CacheView({ vary: ['accept-language'] }) byLanguage(): object {
    return { news: 'true' };
  }

  @Get('missing') @CacheView() missing(): object {
    throw new NotFoundException('There is none.');
  }

  @Get('counted') @CacheView() counted(@Res({ passthrough: true }) reply: FastifyReply): object {
    void reply.header('x-total-count', '2').header('link', '</next>; rel="next"');
    return { news: 'true' };
  }

  @Get('validated') @CacheView() validated(@Res({ passthrough: true }) reply: FastifyReply): object {
    void reply.header('etag', '"own"');
    return { news: 'true' };
  }

  @Get('page') @Header('content-type', 'text/html') @CacheView() page(): string {
    return '<p>news</p>';
  }
}

const suite = useForgedEntries();
let app: ForgedApp['app'];
let stack: ForgedApp['stack'];
let foreign: string[];

async function start(sealing: Sealing, headers?: string[]): Promise<void> {
  ({ app, stack, foreign } = await suite.start(sealing, { controllers: [NewsController] }, { view: { headers } }));
}

const response = (
  headers: unknown,
  status: unknown = 200,
  payload = '{"forged":true}',
  etag: unknown = '"e"',
): string => `${JSON.stringify({ status, headers, etag })}\n${payload}`;

const RESPONSES: [string, string | Buffer | null][] = [
  ['garbage', 'garbage'],
  ['nothing', null],
  ['no head', '\nbody'],
  ['JSON that is no head', 'null\nbody'],
  ['an array for a head', '[1]\nbody'],
  ['headers that are null', response(null)],
  ['a line end in a header', response({ link: 'b\r\nset-cookie: c=d' })],
  ['a header that cannot be sent', response({ link: 'snow ☃' })],
  ['a line end in the name of a header', response({ 'link\r\nx': 'b' })],
  ['a number for a header', response({ link: 7 })],
  ['a line end in the ETag', response({}, 200, '', '"a"\r\nx: y')],
  ['a number for an ETag', response({}, 200, '', 7)],
  ['a cookie', response({ 'set-cookie': 'a=b' })],
  ['a cookie in capitals', response({ 'Set-Cookie': 'a=b' })],
  ['a policy', response({ 'content-security-policy': "script-src 'unsafe-inline'" })],
  ['a location', response({ location: 'https://example.org' })],
  ['a length', response({ 'content-length': '1' })],
  ['a framing', response({ 'transfer-encoding': 'chunked' })],
  ['an encoding', response({ 'content-encoding': 'gzip' })],
  ["an edge's own header", response({ 'x-accel-redirect': '/secret' })],
  ['origins that may read', response({ 'access-control-allow-origin': '*' })],
  ['a status that is text', response({}, '200')],
  ['a status that is none', response({}, 1000)],
  ['a redirect', response({}, 301)],
  ['a refusal that is no JSON', response({}, 404, 'garbage')],
  ['a refusal of null', response({}, 404, 'null')],
  ['bytes', Buffer.from([0, 255, 10, 13, 0])],
];

const VIEWS: [path: string, status: number][] = [
  ['/news', 200],
  ['/news/by-language', 200],
  ['/news/missing', 404],
];

describe.each<Sealing>(['checksum', 'secret'])('sealed by a %s', (sealing) => {
  it.each(VIEWS)(
    'a view, %s: a body that is no response of ours is deleted, reported, and a miss',
    async (path, status) => {
      await start(sealing);
      const own = await app.ask(path);
      expect(own.status).toBe(status);
      await stack.store.idle();
      const [key] = (await suite.forged().keys()) as [string];
      // The second request opens the URL to the fast path.
      await app.ask(path);
      for (const [what, body] of RESPONSES) {
        foreign.length = 0;
        await suite.forged().forge(stack, key, sealing, { body });
        const got = await app.ask(path);
        expect([what, got.status, got.body.toString()]).toEqual([what, status, own.body.toString()]);
        expect([what, got.headers['x-cache']]).toEqual([what, 'MISS']);
        for (const header of ['set-cookie', 'content-security-policy', 'location', 'x-accel-redirect', 'link'])
          expect([what, header, got.headers[header]]).toEqual([what, header, undefined]);
        expect([what, foreign]).toEqual([what, [`entry ${key}`]]);
        await stack.store.idle();
        stack.l1.clear();
        // What was stored in its place is a hit.
        expect([what, (await app.ask(path)).headers['x-cache']]).toEqual([what, 'HIT']);
      }
    },
  );
});

it('a header that handlers set and the application does not declare stays in the process; a declared one comes from Redis', async () => {
  await start('secret');
  expect((await app.ask('/news/counted')).headers['x-total-count']).toBe('2');
  expect((await app.ask('/news/counted')).headers).toMatchObject({ 'x-cache': 'HIT', 'x-total-count': '2' });
  await stack.store.idle();
  expect(await suite.forged().keys()).toEqual([]);
  await closeApps();
  await start('secret', ['X-Total-Count']);
  await app.ask('/news/counted');
  await stack.store.idle();
  stack.l1.clear();
  const { headers } = await app.ask('/news/counted');
  expect(headers).toMatchObject({ 'x-cache': 'HIT', 'x-total-count': '2', link: '</next>; rel="next"' });
});

it('a validator that the handler sets comes from Redis with its response', async () => {
  await start('secret');
  await app.ask('/news/validated');
  await stack.store.idle();
  stack.l1.clear();
  expect((await app.ask('/news/validated')).headers).toMatchObject({ 'x-cache': 'HIT', etag: '"own"' });
});

it.each([
  ['secret', 1],
  ['checksum', 0],
] as const)('a page of HTML, sealed by a %s, is in Redis %i times', async (sealing, times) => {
  await start(sealing);
  for (let n = 0; n < 2; n += 1) {
    const got = await app.ask('/news/page');
    expect([got.status, got.headers['content-type']]).toEqual([200, 'text/html']);
  }
  await stack.store.idle();
  expect(await suite.forged().keys()).toHaveLength(times);
});
