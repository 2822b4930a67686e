import { Inject, Injectable, Optional, type OnApplicationShutdown } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { Recent } from '../../core/async/recent';
import type { CacheStack } from '../../core/cache-stack';
import { CACHE_STACK } from '../../caching.tokens';
import { RequestStats } from './request-stats';
import { clockMetrics } from './metrics/clock-metrics';
import { databaseMetrics } from './metrics/database-metrics';
import { edgeMetrics } from './metrics/edge-metrics';
import { layerMetrics } from './metrics/layer-metrics';
import type { Sources } from './metrics/sources';
import { writeMetrics } from './metrics/write-metrics';
import { type CacheTelemetryOptions, DEFAULT_PATH, TELEMETRY_OPTIONS } from './telemetry.options';

/** In ms. */
const MAX_AGE = 1_000;

/** All metrics of one application, in its own registry, so that two applications in one process stay apart. */
@Injectable()
export class CacheMetrics implements OnApplicationShutdown {
  readonly registry = new Registry();
  private readonly recent = new Recent<string>(MAX_AGE);
  private readonly endings: (() => void)[] = [];

  constructor(
    @Inject(CACHE_STACK) stack: CacheStack,
    @Inject(RequestStats) stats: RequestStats,
    @Inject(TELEMETRY_OPTIONS) { path = DEFAULT_PATH, process = true }: CacheTelemetryOptions,
    @Optional() @Inject(DataSource) dataSource?: DataSource,
  ) {
    stats.ignore([path]);
    const closeLater = (end: () => void): unknown => this.endings.push(end);
    const sources: Sources = { registry: this.registry, stack, stats, dataSource, closeLater };
    for (const add of [layerMetrics, writeMetrics, clockMetrics, databaseMetrics, edgeMetrics]) add(sources);
    if (process) collectDefaultMetrics({ register: this.registry });
  }

  /** In the text format of Prometheus. Made at most once a second, for all callers: any client may read it, and it takes milliseconds. */
  text(): Promise<string> {
    return this.recent.get(() => this.registry.metrics());
  }

  onApplicationShutdown(): void {
    for (const end of this.endings.splice(0)) end();
    this.registry.clear();
  }
}
