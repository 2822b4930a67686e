import { Controller, Get, Inject, Module, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, onSendHookHandler } from 'fastify';
import type { AddressInfo } from 'node:net';
import { CacheService, CacheView, CachingModule } from '../../../../src/caching';
import { ask, type RawAnswer } from '../../../support/http';
import { cachedApp, closeApps } from '../../../support/nest-app';

@Controller()
class Views {
  private fails = false;

  constructor(@Inject(CacheService) private readonly cache: CacheService) {}

  @Get('plain') @CacheView() plain(): object {
    return { of: 'plain', text: 'long enough to be compressed. '.repeat(100) };
  }

  @Get('mine') @CacheView({ private: true }) mine(): object {
    return { of: 'ann' };
  }

  @Get('headed') @CacheView() headed(@Res({ passthrough: true }) reply: FastifyReply): object {
    void reply.header('x-inner', 'secret');
    return { of: 'headed' };
  }

  @Get('failing') @CacheView({ ttl: '1h' }) failing(): object {
    this.cache.addTags(['failing']);
    if (this.fails) throw new Error('the source is down');
    this.fails = true;
    return { secret: 'alice' };
  }
}

@Module({ imports: [CachingModule.forRoot({})], controllers: [Views] })
class App {}

const text = ({ body }: RawAnswer): string => body.toString();
const user = ({ headers }: { headers: Record<string, unknown> }): string | undefined => headers['x-user'] as string;
const created: NestFastifyApplication[] = [];

afterAll(async () => {
  await closeApps();
  await Promise.all(created.map((app) => app.close()));
});

const wrap: onSendHookHandler = (_request, _reply, payload, done) => done(null, `[${String(payload)}]`);

function counting(): onSendHookHandler {
  let sent = 0;
  return (_request, reply, _payload, done) => done(null, void reply.header('x-sent', String((sent += 1))));
}

type Ask = (path: string, request?: { headers: Record<string, string> }) => Promise<RawAnswer>;

/** Ways to have an application on an adapter that has hooks already. */
const STARTS: Record<string, (adapter: FastifyAdapter) => Promise<Ask>> = {
  'NestFactory.create': async (adapter) => {
    const app = await NestFactory.create<NestFastifyApplication>(App, adapter, { logger: false });
    created.push(app);
    await app.listen(0, '127.0.0.1');
    return (path, request) =>
      ask(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`, path, request);
  },
  'Test.createTestingModule': async (adapter) => (await cachedApp({ controllers: [Views], adapter })).ask,
};

describe.each(Object.entries(STARTS))('hooks that are on the adapter before %s', (_way, start) => {
  const started = (hook: onSendHookHandler): Promise<Ask> => {
    const adapter = new FastifyAdapter();
    adapter.getInstance().addHook('onSend', hook);
    return start(adapter);
  };

  it('change the body once, on a miss and on hits', async () => {
    const get = await started(wrap);
    for (let i = 0; i < 4; i += 1) expect(text(await get('/headed'))).toBe('[{"of":"headed"}]');
  });

  it('set a header of the message for each message', async () => {
    const get = await started(counting());
    for (let i = 1; i < 6; i += 1) expect((await get('/plain')).headers['x-sent']).toBe(String(i));
  });
});

const server = (app: NestFastifyApplication): FastifyInstance => app.getHttpAdapter().getInstance();

describe('hooks of the application that come behind those of the cache', () => {
  it.each<Record<string, string>>([{}, { 'accept-encoding': 'br' }])(
    'change what the framework made: %j',
    async (headers) => {
      const { ask: get } = await cachedApp({
        controllers: [Views],
        prepare: (app) => server(app).addHook('onRoute', (route) => void (route.onSend = [wrap])),
      });
      for (let i = 0; i < 5; i += 1) {
        const answer = await get('/plain', { headers });
        expect(text(answer)).toMatch(/^\[\{"of":"plain".*\}\]$/);
        expect(answer.headers).not.toHaveProperty('etag');
      }
    },
  );
});

it('a header that a hook removes is not sent in front of the framework either', async () => {
  const { ask: get } = await cachedApp({
    controllers: [Views],
    caching: { view: { headers: ['x-inner'] } },
    prepare: (app) =>
      server(app).addHook('onSend', (_request, reply, _payload, done) =>
        done(null, void reply.removeHeader('x-inner')),
      ),
  });
  for (let i = 0; i < 5; i += 1) expect((await get('/headed')).headers).not.toHaveProperty('x-inner');
});

it('a body that a hook changed has the same headers on a miss and on hits, and no ETag of other bytes', async () => {
  const { ask: get } = await cachedApp({
    controllers: [Views],
    caching: { view: { user } },
    prepare: (app) => server(app).addHook('onSend', wrap),
  });
  for (let i = 0; i < 4; i += 1) {
    const { headers, body } = await get('/mine', { headers: { 'x-user': 'ann' } });
    expect([headers['x-cache'], body.toString()]).toEqual([i === 0 ? 'MISS' : 'HIT', '[{"of":"ann"}]']);
    expect(headers).toMatchObject({
      'cache-control': 'private, max-age=0, must-revalidate',
      vary: 'authorization, accept-encoding',
    });
    expect(headers).not.toHaveProperty('etag');
  }
});

it('a validator and a Cache-Control of a hook are sent, on a miss and on hits', async () => {
  const said = { etag: '"of-the-hook"', 'cache-control': 'max-age=7' };
  const { ask: get } = await cachedApp({
    controllers: [Views],
    prepare: (app) =>
      server(app).addHook('onSend', (_request, reply, _payload, done) => done(null, void reply.headers(said))),
  });
  for (let i = 0; i < 4; i += 1)
    expect((await get('/plain', { headers: { 'accept-encoding': 'br' } })).headers).toMatchObject(said);
});

it('what replaces a failure is masked as it was before', async () => {
  const { ask: get, cache } = await cachedApp({
    controllers: [Views],
    prepare: (app) =>
      server(app).addHook('onSend', (_request, _reply, payload, done) =>
        done(null, typeof payload === 'string' ? payload.replace('alice', '***') : payload),
      ),
  });
  expect(text(await get('/failing'))).toBe('{"secret":"***"}');
  await cache.evict(['failing']);
  const answer = await get('/failing');
  expect([answer.status, answer.headers['x-cache'], text(answer)]).toEqual([200, 'STALE', '{"secret":"***"}']);
});
