import { CACHE_MANAGER, Cache } from '@nestjs/cache-manager';
import { Inject, Injectable, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import { CacheStack } from './cache-stack';
import { CacheHealth } from './cache-health';
import { CacheService } from './cache.service';
import { CACHE_STACK, TAG_CLOCK } from './caching.constants';
import { CacheEventBus } from './caching.events';
import { type CachingOptions, ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, resolveOptions } from './caching.options';
import { createTieredCache } from './store/cache-manager';
import { QueryExplorer } from './query/query.explorer';
import { TagScope } from './tags/tag-scope';
import { ViewInterceptor } from './view/view.interceptor';
import { ViewLayer } from './view/view-layer';
import { ViewRoutes } from './view/view-routes';

@Injectable()
class CacheLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(CACHE_STACK) private readonly stack: CacheStack) {}

  onModuleInit(): Promise<void> {
    return this.stack.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.stack.stop();
  }
}

/** The cache of an application: `CachingModule.forRoot({...})` or `forRootAsync`, global unless told otherwise. */
@Module({
  imports: [DiscoveryModule],
  providers: [
    CacheLifecycle,
    QueryExplorer,
    ViewLayer,
    ViewRoutes,
    { provide: APP_INTERCEPTOR, useClass: ViewInterceptor },
    CacheService,
    CacheHealth,
    { provide: CacheEventBus, useFactory: () => new CacheEventBus() },
    {
      provide: CACHE_STACK,
      inject: [MODULE_OPTIONS_TOKEN, CacheEventBus],
      useFactory: (options: CachingOptions, events: CacheEventBus) => new CacheStack(resolveOptions(options), events),
    },
    { provide: TAG_CLOCK, inject: [CACHE_STACK], useFactory: (stack: CacheStack) => stack.clock },
    { provide: TagScope, inject: [CACHE_STACK], useFactory: (stack: CacheStack) => stack.scope },
    {
      provide: CACHE_MANAGER,
      inject: [CACHE_STACK],
      useFactory: (stack: CacheStack) => createTieredCache(stack.store, stack.options.ttl),
    },
    { provide: Cache, useExisting: CACHE_MANAGER },
  ],
  exports: [CacheService, CacheHealth, CacheEventBus, CACHE_STACK, TAG_CLOCK, TagScope, CACHE_MANAGER, Cache],
})
export class CachingModule extends ConfigurableModuleClass {}
