import { DynamicModule, Global, Module } from '@nestjs/common';
import { AppConfig } from './config';

/** Hands the settings to whoever asks for `AppConfig`. */
@Global()
@Module({})
export class ConfigModule {
  static for(config: AppConfig): DynamicModule {
    return { module: ConfigModule, providers: [{ provide: AppConfig, useValue: config }], exports: [AppConfig] };
  }
}
