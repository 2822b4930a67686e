import { Controller, Get, Param, type PipeTransform, Query, Req, ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Transform, Type } from 'class-transformer';
import { IsInt, IsOptional } from 'class-validator';
import { CacheView } from '../../../../src/caching';
import { cacheStatus } from '../../../support/http';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

class Paging {
  @IsOptional() @IsInt() @Type(() => Number) page?: number;
  /** Of a class without a canonical form. */
  @IsOptional() @Transform(({ value }) => new URL(String(value))) from?: URL;
}

class Id {
  @IsInt() @Type(() => Number) id!: number;
}

const shown = (...values: unknown[]): string => JSON.stringify(values);

/** Each route twice: with the cache under /cached, and without under /plain. */
const handlers = (path: string, cached: () => MethodDecorator) => {
  @Controller(path)
  class Handlers {
    @Get('whole') @cached() whole(@Query() paging: Paging): string {
      return shown(paging);
    }

    @Get('untyped') @cached() untyped(@Query() query: Record<string, string>): string {
      return shown(query);
    }

    @Get('named') @cached() named(@Query('a') a?: string, @Query('b') b?: string): string {
      return shown(a, b);
    }

    @Get('both') @cached() both(@Query() paging: Paging, @Query('a') a?: string): string {
      return shown(paging, a);
    }

    @Get('none/:id') @cached() none(@Param() { id }: Id): string {
      return shown(id);
    }
  }
  return Handlers;
};

@Controller('mine')
class Mine {
  @Get() @CacheView({ private: true }) mine(@Query() paging: Paging, @Req() { url }: { url: string }): string {
    return shown(paging, url);
  }
}

const QUERIES = [
  '',
  '?page=1',
  '?page=01',
  '?page=x',
  '?a=1',
  '?a=1&b=2',
  '?a=1&b=3',
  '?utm_source=mail',
  '?page=2&x=1',
];
QUERIES.push('?from=http://a.example', '?from=http://b.example', '?a=1&a=2', '?__proto__=1', '?constructor=1');
const PATHS = ['whole', 'untyped', 'named', 'both', 'none/1', 'none/01', 'none/2', 'none/x'];

const PIPES: [string, PipeTransform[]][] = [
  ['no pipe', []],
  ['a pipe that changes nothing', [new ValidationPipe()]],
  ['a pipe that transforms', [new ValidationPipe({ transform: true })]],
  ['a pipe that removes unknown names', [new ValidationPipe({ transform: true, whitelist: true })]],
  [
    'a pipe that refuses unknown names',
    [new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true })],
  ],
  ['two pipes', [{ transform: (value: unknown) => value }, new ValidationPipe({ transform: true })]],
];

const open = (pipes: PipeTransform[]): Promise<CachedApp> =>
  cachedApp({
    controllers: [handlers('cached', CacheView), handlers('plain', () => () => undefined), Mine],
    providers: pipes.slice(1).map((useValue) => ({ provide: APP_PIPE, useValue })),
    caching: { view: { user: ({ headers }) => headers['x-user'] as string | undefined } },
    prepare: (nest) => nest.useGlobalPipes(...pipes.slice(0, 1)),
  });

afterEach(closeApps);

it.each(PIPES)(
  'with %s every response is as without the cache, the first time and the second',
  async (_name, pipes) => {
    const app = await open(pipes);
    for (const path of PATHS) {
      for (const query of [...QUERIES, ...QUERIES]) {
        const [cached, plain] = await Promise.all([
          app.ask(`/cached/${path}${query}`),
          app.ask(`/plain/${path}${query}`),
        ]);
        const of = (body: Buffer): string => body.toString().replace('/plain/', '/cached/');
        expect([path, query, cached.status, of(cached.body)]).toEqual([path, query, plain.status, of(plain.body)]);
      }
    }
  },
);

it('a name that the route does not declare keeps its response out of the cache, and makes no key', async () => {
  const app = await open([]);
  for (const path of ['/cached/named?a=1&utm_source=mail', '/cached/none/1?x=1']) {
    for (let n = 0; n < 2; n += 1) {
      const answer = await app.ask(path);
      expect([answer.status, cacheStatus(answer)]).toEqual([200, 'strata; fwd=bypass; detail=unkeyed']);
      expect(answer.headers['cache-control']).toBe('private, no-store');
    }
  }
  expect((await app.cache.entries({ prefix: 'view:' })).entries).toEqual([]);
});

it('spellings that the pipes make one are one entry, and names that they remove make no other', async () => {
  const app = await open([new ValidationPipe({ transform: true, whitelist: true })]);
  for (const query of ['?page=1', '?page=01', '?page=1&x=1', '?x=2&page=%31']) await app.ask(`/cached/whole${query}`);
  expect((await app.cache.entries({ prefix: 'view:' })).entries).toHaveLength(1);
});

it('a private view that takes the request is keyed by all of its query', async () => {
  const app = await open([new ValidationPipe({ transform: true, whitelist: true })]);
  const ask = (query: string) => app.ask(`/mine${query}`, { headers: { 'x-user': 'alice' } });
  for (const query of ['?page=1&x=1', '?page=1&x=2', '?page=1&x=1']) {
    expect((await ask(query)).body.toString()).toContain(query);
  }
  expect(cacheStatus(await ask('?page=1&x=2'))).toMatch(/^strata; hit/);
});
