import { DynamicModule, Module } from '@nestjs/common';
import { AccountModule } from '../account';
import { AuthModule, TokenService } from '../auth';
import { cacheAdminOptions } from './cache-admin.setup';
import {
  CacheAdminModule,
  CacheTelemetryModule,
  CachingModule,
  EdgeModule,
  EvictionModule,
  loadSignal,
} from '../caching';
import { cachingOptions, edgeOptions } from './caching.setup';
import type { AppConfig } from '../config';
import { ConfigModule } from './config.module';
import { DatabaseModule, type DatabaseServer } from '../database';
import { HealthModule } from '../health';
import { prepareDatabase } from './prepare-database';
import { ProductsModule } from '../products';
import { RatesModule } from '../rates';

/** The only place where modules meet. */
@Module({})
export class AppModule {
  static for(config: AppConfig, server: Promise<DatabaseServer>): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.for(config),
        // Before every module with an interceptor of its own: the view cache has to be the outermost.
        CachingModule.forRootAsync({
          imports: [AuthModule],
          inject: [TokenService],
          useFactory: (tokens: TokenService) => cachingOptions(config, tokens),
        }),
        DatabaseModule.for(server, prepareDatabase, loadSignal),
        EvictionModule.forRoot({
          embedded: config.database.url === undefined,
          caches: config.cache.layers.length > 0,
          directUrl: config.database.directUrl,
        }),
        EdgeModule.forRoot(edgeOptions(config)),
        AuthModule,
        ProductsModule,
        AccountModule,
        RatesModule,
        CacheAdminModule.forRoot(cacheAdminOptions()),
        CacheTelemetryModule.forRoot(),
        HealthModule,
      ],
    };
  }
}
