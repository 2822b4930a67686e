import { Controller, Get, Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { CacheEventBus, CacheService, CacheStack, CacheView } from '../../../../src/caching';
import { CACHE_STACK } from '../../../../src/caching/caching.tokens';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { live } from '../../../support/stacks';

needs('redis-server');

@Injectable()
class Source {
  static value = 0;
}

@Controller()
class Views {
  constructor(@Inject(CacheService) private readonly cache: CacheService) {}

  @Get('open') @CacheView() open(): object {
    return this.read();
  }

  @Get('mine') @CacheView({ private: true }) mine(): object {
    return this.read();
  }

  private read(): object {
    this.cache.addTags(['value']);
    return { value: Source.value, text: 'long enough to be compressed. '.repeat(100) };
  }
}

let redis: RedisServer;
let reader: CachedApp;
let writer: CachedApp;
/** Hits that were sent in front of the framework. */
let inFront = 0;

beforeAll(async () => {
  redis = await RedisServer.start();
  const caching = {
    prefix: `strict-${randomUUID()}`,
    redis: { url: redis.url },
    consistency: 'strict' as const,
    l2Timeout: 2_000,
    view: { user: ({ headers }: { headers: object }) => (headers as { 'x-user'?: string })['x-user'] },
  };
  const parts = { caching, controllers: [Views], providers: [Source] };
  [reader, writer] = await Promise.all([cachedApp(parts), cachedApp(parts)]);
  await Promise.all([reader, writer].map(({ app }) => live(app.get<CacheStack>(CACHE_STACK))));
  reader.app.get(CacheEventBus).on('response', () => (inFront += 1));
});
afterAll(async () => {
  await closeApps();
  await redis.stop();
});

const ROUTES = [
  ['/open', {}],
  ['/open', { pragma: 'no-cache' }],
  ['/open', { 'accept-encoding': 'gzip' }],
  ['/mine', { 'x-user': 'ann' }],
] as const;

it.each(ROUTES)('%s %j: no hit is older than a write that another node acknowledged', async (path, headers) => {
  const ask = async (): Promise<number> => {
    const { body, headers: sent } = await reader.ask(path, { headers });
    const bytes = sent['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    return (JSON.parse(bytes.toString()) as { value: number }).value;
  };
  for (let i = 0; i < 20; i += 1) {
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([Source.value, Source.value, Source.value]);
    Source.value += 1;
    await writer.cache.evict(['value']);
  }
});

it('hits of an open URL are sent in front, and the clock is queried for each', async () => {
  for (let i = 0; i < 4; i += 1) await reader.ask('/open');
  const clock = reader.app.get<CacheStack>(CACHE_STACK).clock;
  const asked = jest.spyOn(clock, 'now');
  inFront = 0;
  for (let i = 0; i < 5; i += 1) expect((await reader.ask('/open')).headers['x-cache']).toBe('HIT');
  expect({ inFront, asked: asked.mock.calls.length }).toEqual({ inFront: 5, asked: 5 });
  asked.mockRestore();
});

it('a private hit is sent behind the guards after one query to the clock', async () => {
  const ask = (): ReturnType<typeof reader.ask> => reader.ask('/mine', { headers: { 'x-user': 'bob' } });
  await ask();
  const asked = jest.spyOn(reader.app.get<CacheStack>(CACHE_STACK).clock, 'now');
  expect((await ask()).headers['x-cache']).toBe('HIT');
  expect(asked).toHaveBeenCalledTimes(1);
  asked.mockRestore();
});

it('while the clock does not reply no hit is served', async () => {
  for (let i = 0; i < 4; i += 1) await reader.ask('/open');
  const asked = jest
    .spyOn(reader.app.get<CacheStack>(CACHE_STACK).clock, 'now')
    .mockRejectedValue(new Error('no reply'));
  for (const headers of [{}, { pragma: 'no-cache' }]) {
    expect((await reader.ask('/open', { headers: headers as never })).headers['x-cache']).not.toBe('HIT');
  }
  asked.mockRestore();
});
