import { DynamicModule, Global, Module } from '@nestjs/common';
import { AppConfig } from '../config';

/** Provides the settings as `AppConfig`. */
@Global()
@Module({})
export class ConfigModule {
  static for(config: AppConfig): DynamicModule {
    return { module: ConfigModule, providers: [{ provide: AppConfig, useValue: config }], exports: [AppConfig] };
  }
}
