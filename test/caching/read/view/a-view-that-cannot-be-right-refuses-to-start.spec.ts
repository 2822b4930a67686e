import {
  ClassSerializerInterceptor,
  Controller,
  type MessageEvent,
  Module,
  Post,
  Get,
  Sse,
  type Type,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { NEVER, type Observable } from 'rxjs';
import { CacheView, CachingModule } from '../../../../src/caching';
import { cachedApp, closeApps } from '../../../support/nest-app';

afterAll(closeApps);

class Posts {
  @Post() @CacheView() post(): void {}
}

class Events {
  @Sse() @CacheView() events(): Observable<MessageEvent> {
    return NEVER;
  }
}

class Both {
  @Get() @CacheView({ private: true, shared: true }) both(): void {}
}

it.each([
  ['a POST', Posts, 'only a GET route'],
  ['an event stream', Events, 'only a GET route'],
  ['a view that is private and shared', Both, 'private or shared'],
])('refuses to start with @CacheView on %s', async (_what, controller: Type, why) => {
  Controller()(controller);
  await expect(cachedApp({ controllers: [controller] })).rejects.toMatchObject({
    code: 'CACHE_OPTIONS',
    message: expect.stringContaining(why) as string,
  });
});

it('refuses to start with a global interceptor outside the cache', async () => {
  @Module({ providers: [{ provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }] })
  class Outside {}
  const module = await Test.createTestingModule({ imports: [Outside, CachingModule.forRoot({})] }).compile();
  await expect(module.createNestApplication(new FastifyAdapter(), { logger: false }).init()).rejects.toMatchObject({
    code: 'CACHE_NOT_OUTERMOST',
  });
  await module.close();
});
