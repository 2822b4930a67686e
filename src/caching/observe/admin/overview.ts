import { codeOf } from '../health';
import { hostname } from 'node:os';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { CacheStack } from '../../core/cache-stack';
import { CACHE_STACK } from '../../caching.tokens';
import { hitRatio, percentiles, type Point } from '../telemetry/history';
import { RequestStats } from '../telemetry/request-stats';
import { ADMIN_OPTIONS, type CacheAdminOptions, pathsOf } from './admin.options';
import { HotSpots } from './hot-spots';
import type { OverviewDto } from './overview.dto';

const TOP = 10;

/** The state of this node: its counters, its L1, and its connection to Redis and the clock. */
@Injectable()
export class Overview implements OnApplicationShutdown {
  private readonly started = new Date();
  private readonly hot: HotSpots;

  constructor(
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(RequestStats) private readonly stats: RequestStats,
    @Inject(ADMIN_OPTIONS) options: CacheAdminOptions,
  ) {
    this.hot = new HotSpots(stack);
    stats.ignore(pathsOf(options));
  }

  onApplicationShutdown(): void {
    this.hot.close();
  }

  /** Oldest first. */
  history(): Point[] {
    return this.stats.history.points();
  }

  latest(): Point | undefined {
    return this.stats.history.latest();
  }

  snapshot(): OverviewDto {
    const { history, tally } = this.stats;
    const { layers, requests } = history.minute();
    return {
      at: new Date().toISOString(),
      node: { name: `${hostname()}:${process.pid}`, started: this.started.toISOString(), ...this.standing() },
      l1: { entries: this.stack.l1.size, bytes: this.stack.l1.bytes, max_bytes: this.stack.options.l1MaxBytes },
      requests: history.total,
      since_start: structuredClone(tally.counts),
      last_minute: { layers, hit_ratio: hitRatio(layers), requests: requests.count, ...percentiles(requests) },
      top_keys: this.hot.topKeys(TOP).map(({ name, count }) => ({ key: name, reads: count })),
      top_tags: this.hot.topTags(TOP).map(({ name, reads, evictions }) => ({ tag: name, reads, evictions })),
    };
  }

  private standing(): Pick<
    OverviewDto['node'],
    'redis' | 'clock' | 'trust' | 'epoch' | 'tick' | 'consistency' | 'layers'
  > {
    const { clock, redis, options, trust } = this.stack;
    const { epoch, tick } = clock.instant();
    return {
      redis: redis ? (redis.isUp ? 'up' : 'unavailable') : 'none',
      clock: trust.isClockLive ? 'live' : 'unavailable',
      trust: trust.cause === undefined ? 'proved' : codeOf(trust.cause),
      epoch,
      tick,
      consistency: options.consistency,
      layers: [...options.layers],
    };
  }
}
