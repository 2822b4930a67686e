import { CACHE_MANAGER, Cache } from '@nestjs/cache-manager';
import {
  ConfigurableModuleBuilder,
  Inject,
  Injectable,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import { applicationName } from './application-name';
import { CacheStack } from './core/cache-stack';
import { CacheHealth } from './observe/health';
import { RedisLog } from './observe/redis-log';
import { CacheService } from './cache.service';
import { CACHE_STACK, TAG_CLOCK } from './caching.tokens';
import { CacheEventBus } from './caching.events';
import { type CachingOptions, resolveOptions } from './caching.options';
import { createTieredCache } from './cache-manager';
import { TransactionSubscriber } from './read/transaction.subscriber';
import { QueryExplorer } from './read/query/query.explorer';
import { DependencyTracker } from './core/clock/dependency-tracker';
import { ViewInterceptor } from './read/view/view.interceptor';
import { ViewLayer } from './read/view/view-layer';
import { ViewExplorer } from './read/view/view.explorer';
import { EARLY_RESPONDER } from './read/view/view.guard';
import { ViewHits } from './read/view/view-hits';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<CachingOptions>()
  .setClassMethodName('forRoot')
  .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

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

/** The cache of an application: `CachingModule.forRoot({...})` or `forRootAsync`, global unless `isGlobal` is false. */
@Module({
  imports: [DiscoveryModule],
  providers: [
    CacheLifecycle,
    QueryExplorer,
    TransactionSubscriber,
    ViewLayer,
    ViewExplorer,
    ViewHits,
    { provide: EARLY_RESPONDER, useExisting: ViewHits },
    { provide: APP_INTERCEPTOR, useClass: ViewInterceptor },
    CacheService,
    CacheHealth,
    RedisLog,
    { provide: CacheEventBus, useFactory: () => new CacheEventBus() },
    {
      provide: CACHE_STACK,
      inject: [MODULE_OPTIONS_TOKEN, CacheEventBus],
      useFactory: (options: CachingOptions, events: CacheEventBus) =>
        new CacheStack(resolveOptions({ ...options, application: options.application ?? applicationName() }), events),
    },
    { provide: TAG_CLOCK, inject: [CACHE_STACK], useFactory: (stack: CacheStack) => stack.clock },
    { provide: DependencyTracker, inject: [CACHE_STACK], useFactory: (stack: CacheStack) => stack.dependencies },
    {
      provide: CACHE_MANAGER,
      inject: [CACHE_STACK],
      useFactory: (stack: CacheStack) => createTieredCache(stack, stack.options.ttl),
    },
    { provide: Cache, useExisting: CACHE_MANAGER },
  ],
  exports: [
    CacheService,
    CacheHealth,
    CacheEventBus,
    CACHE_STACK,
    TAG_CLOCK,
    DependencyTracker,
    EARLY_RESPONDER,
    CACHE_MANAGER,
    Cache,
  ],
})
export class CachingModule extends ConfigurableModuleClass {}
