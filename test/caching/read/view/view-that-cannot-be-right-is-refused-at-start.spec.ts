import { CacheInterceptor, CacheKey, CacheTTL } from '@nestjs/cache-manager';
import {
  Body,
  ClassSerializerInterceptor,
  Controller,
  createParamDecorator,
  Headers,
  Ip,
  type MessageEvent,
  Module,
  Post,
  Get,
  Render,
  Req,
  Sse,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { NEVER, type Observable } from 'rxjs';
import { CacheView, CachingModule } from '../../../../src/caching';
import { cachedApp, closeApps } from '../../../support/nest-app';
import { Wrapped } from '../../../support/wrapped';

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

const Tenant = createParamDecorator(() => 'a');

class ByHeader {
  @Get() @CacheView({ vary: ['accept-language'] }) byHeader(@Headers('X-Tenant') tenant: string): string {
    return tenant;
  }
}

class ByHeaders {
  @Get() @CacheView() byHeaders(@Headers() headers: object): object {
    return headers;
  }
}

class ByRequest {
  @Get() @CacheView() byRequest(@Req() request: object): boolean {
    return request === null;
  }
}

class ByDecorator {
  @Get() @CacheView({ shared: true }) byDecorator(@Tenant() tenant: string): string {
    return tenant;
  }
}

class ByAddress {
  @Get() @CacheView({ private: true }) byAddress(@Ip() ip: string): string {
    return ip;
  }
}

class ByBody {
  @Get() @CacheView() byBody(@Body() body: object): object {
    return body;
  }
}

class WrappedByHeader {
  @Get() @CacheView() @Wrapped byHeader(@Headers('x-tenant') tenant: string): string {
    return tenant;
  }
}

class WrappedByRequest {
  @Get() @CacheView() @Wrapped byRequest(@Req() request: object): boolean {
    return request === null;
  }
}

class Template {
  @Get() @Render('page') @CacheView() page(): object {
    return {};
  }
}

class StockKey {
  @Get() @CacheKey('mine') @CacheView() keyed(): string {
    return '';
  }
}

class StockTtl {
  @Get() @CacheTTL(5) timed(): string {
    return '';
  }
}

it.each([
  ['a POST', Posts, 'only a GET route'],
  ['an event stream', Events, 'only a GET route'],
  ['a view that is private and shared', Both, 'private or shared'],
  ['a header that is not in vary', ByHeader, "add 'X-Tenant' to vary"],
  ['all headers', ByHeaders, 'name each header'],
  ['the request', ByRequest, '@Req()'],
  ['a custom decorator', ByDecorator, 'custom decorator'],
  ['the IP address', ByAddress, '@Ip()'],
  ['a body', ByBody, '@Body()'],
  ['a wrapped handler with a header', WrappedByHeader, "WrappedByHeader.byHeader: @Headers('x-tenant')"],
  ['a wrapped handler with the request', WrappedByRequest, '@Req()'],
  ['a template', Template, '@Render'],
  ['@CacheKey', StockKey, '@CacheKey'],
  ['@CacheTTL without a view', StockTtl, '@CacheTTL'],
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

class OwnStock extends CacheInterceptor {}

@Controller('on-class')
@UseInterceptors(CacheInterceptor)
class OnClass {
  @Get() any(): string {
    return '';
  }
}

@Controller('on-handler')
class OnHandler {
  @Get() @UseInterceptors(OwnStock) any(): string {
    return '';
  }
}

it.each([
  ['on a controller', { controllers: [OnClass] }, 'OnClass'],
  ['as a subclass on a handler', { controllers: [OnHandler] }, 'OnHandler.any'],
  ['as a provider', { providers: [{ provide: APP_INTERCEPTOR, useClass: CacheInterceptor }] }, 'the application'],
])("refuses to start with Nest's own CacheInterceptor %s", async (_where, parts, name) => {
  await expect(cachedApp(parts)).rejects.toMatchObject({
    code: 'CACHE_STOCK_INTERCEPTOR',
    message: expect.stringContaining(name) as string,
  });
});

it("refuses to start with Nest's own CacheInterceptor as a global instance", async () => {
  const prepare = (app: NestFastifyApplication): void => {
    app.useGlobalInterceptors(new CacheInterceptor({}, new Reflector()));
  };
  await expect(cachedApp({ prepare })).rejects.toMatchObject({ code: 'CACHE_STOCK_INTERCEPTOR' });
});
