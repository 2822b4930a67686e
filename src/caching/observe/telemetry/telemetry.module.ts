import { type DynamicModule, Module } from '@nestjs/common';
import { mountController } from '../mount-controller';
import { CacheMetrics } from './cache-metrics';
import { RequestStatsModule } from './request-stats.module';
import { CacheMetricsController } from './metrics.controller';
import { type CacheTelemetryOptions, DEFAULT_PATH, TELEMETRY_OPTIONS } from './telemetry.options';

/** Metrics for Prometheus. Import it beside CachingModule, and beside TypeOrmModule to time its queries. */
@Module({})
export class CacheTelemetryModule {
  static forRoot(options: CacheTelemetryOptions = {}): DynamicModule {
    const { path = DEFAULT_PATH, decorators, imports = [] } = options;
    return {
      module: CacheTelemetryModule,
      imports: [RequestStatsModule, ...imports],
      controllers: [mountController(CacheMetricsController, path, decorators)],
      providers: [{ provide: TELEMETRY_OPTIONS, useValue: options }, CacheMetrics],
      exports: [CacheMetrics],
    };
  }
}
