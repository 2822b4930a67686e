import { DynamicModule, Module } from '@nestjs/common';
import { AccountModule } from './account';
import { AuthModule } from './auth';
import { CachingModule, EvictionModule } from './caching';
import { cachingOptions } from './caching-options';
import { AppConfig, ConfigModule } from './config';
import { DatabaseModule } from './database';
import { HealthModule } from './health';
import { ProductsModule } from './products';
import { RatesModule } from './rates';

/** The only place where modules meet. */
@Module({})
export class AppModule {
  static for(config: AppConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.for(config),
        DatabaseModule.for(config.database),
        CachingModule.forRoot(cachingOptions(config)),
        EvictionModule.forRoot({
          embedded: config.database.url === undefined,
          caches: config.cache.layers.length > 0,
        }),
        AuthModule,
        ProductsModule,
        AccountModule,
        RatesModule,
        HealthModule,
      ],
    };
  }
}
