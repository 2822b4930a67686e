import { CacheTTL } from '@nestjs/cache-manager';
import { Controller, type ExecutionContext, Get, Query } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { CacheView } from '../../../../src/caching';
import { cacheStatus } from '../../../support/http';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

const fromHeader = (context: ExecutionContext): number =>
  Number(context.switchToHttp().getRequest<FastifyRequest>().headers['x-seconds']) * 1_000;

@Controller()
class Views {
  runs = 0;

  @Get('both') @CacheView() both(): object {
    return { run: (this.runs += 1) };
  }

  @Get('minute') @CacheTTL(60_000) @CacheView() minute(): object {
    return {};
  }

  @Get('asked') @CacheTTL(fromHeader) @CacheView() asked(@Query('q') q: string): object {
    return { q };
  }

  @Get('own') @CacheTTL(60_000) @CacheView({ ttl: '1h' }) own(): object {
    return {};
  }
}

@Controller('class')
@CacheTTL(600_000)
class Inherits {
  @Get() @CacheView() inherits(): object {
    return {};
  }
}

let app: CachedApp;
beforeAll(async () => {
  app = await cachedApp({ controllers: [Views, Inherits] });
});
afterAll(() => closeApps());

it.each(['rpc', 'ws', 'graphql'])('a handler that is called in a context of type %s runs each time', async (type) => {
  const views = app.app.get(Views);
  const creator = app.app.get(ExternalContextCreator, { strict: false });
  const { value: handler } = Object.getOwnPropertyDescriptor(Views.prototype, 'both') as { value: () => object };
  const call = creator.create(views, handler, 'both', undefined, undefined, undefined, undefined, undefined, type);
  const { runs } = views;
  const results: unknown[] = [await call(), await call()];
  expect(results).toEqual([{ run: runs + 1 }, { run: runs + 2 }]);
});

it('the same handler is cached where HTTP calls it', async () => {
  const first = await app.ask('/both');
  expect((await app.ask('/both')).body).toEqual(first.body);
});

/** Seconds that remain to a hit. The jitter of a TTL is at most ten per cent. */
const ttl = async (path: string, headers: Record<string, string> = {}): Promise<number> => {
  await app.ask(path, { headers });
  return Number(/; hit; ttl=(\d+)/.exec(String(cacheStatus(await app.ask(path, { headers }))))?.[1]);
};
const about = (seconds: number, found: number): boolean => found > seconds * 0.7 && found <= seconds * 1.1 + 1;

it.each<[string, string, number]>([
  ['a number', '/minute', 60],
  ['the option of @CacheView, which wins', '/own', 3_600],
  ['that of the controller', '/class', 600],
])('the TTL of a view: %s', async (_what, path, seconds) => {
  const found = await ttl(path);
  expect([found, about(seconds, found)]).toEqual([found, true]);
});

it('the TTL of a view: a function of the request', async () => {
  const found = [await ttl('/asked?q=1', { 'x-seconds': '50' }), await ttl('/asked?q=2', { 'x-seconds': '5000' })];
  expect([about(50, found[0]!), about(5_000, found[1]!)]).toEqual([true, true]);
});
