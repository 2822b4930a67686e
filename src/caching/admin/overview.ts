import { hostname } from 'node:os';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { CacheStack } from '../cache-stack';
import { CACHE_STACK } from '../caching.constants';
import { ADMIN_OPTIONS, type CacheAdminOptions, pathsOf } from './admin.options';
import { hitRatio, History, percentiles, type Point } from './history';
import { HotSpots } from './hot-spots';
import { Masks } from './masks';
import type { OverviewDto } from './overview.dto';
import { RequestTimer } from './request-timer';
import { Tally } from './tally';

const TOP = 10;

/** What this node knows of itself: what was counted, what is held, and how it stands with Redis and the clock. */
@Injectable()
export class Overview implements OnApplicationShutdown {
  private readonly started = new Date();
  private readonly tally: Tally;
  private readonly timeline: History;
  private readonly hot: HotSpots;
  private readonly timer: RequestTimer;

  constructor(
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(Masks) private readonly masks: Masks,
    @Inject(ADMIN_OPTIONS) options: CacheAdminOptions,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
  ) {
    this.tally = new Tally(stack.events);
    this.timeline = new History(this.tally);
    this.hot = new HotSpots(stack);
    // Who looks at the cache is no reader of it.
    const own = pathsOf(options).map((path) => `/${path}`);
    this.timer = new RequestTimer(
      () => host.httpAdapter.getHttpServer() as unknown,
      (url) => !own.some((path) => url.startsWith(path)),
      (ms) => this.timeline.addRequest(ms),
    );
  }

  onApplicationShutdown(): void {
    for (const part of [this.timer, this.hot, this.timeline, this.tally]) part.close();
  }

  /** Oldest first. */
  history(): Point[] {
    return this.timeline.points();
  }

  latest(): Point | undefined {
    return this.timeline.latest();
  }

  snapshot(): OverviewDto {
    const { layers, requests } = this.timeline.minute();
    return {
      at: new Date().toISOString(),
      node: { name: `${hostname()}:${process.pid}`, started: this.started.toISOString(), ...this.standing() },
      l1: { entries: this.stack.l1.size, bytes: this.stack.l1.bytes, max_bytes: this.stack.options.l1MaxBytes },
      requests: this.timeline.total,
      since_start: structuredClone(this.tally.counts),
      last_minute: { layers, hit_ratio: hitRatio(layers), requests: requests.count, ...percentiles(requests) },
      top_keys: this.hot.topKeys(TOP).map(({ name, count }) => ({ key: this.masks.hide(name), reads: count })),
      top_tags: this.hot
        .topTags(TOP)
        .map(({ name, reads, evictions }) => ({ tag: this.masks.hide(name), reads, evictions })),
    };
  }

  private standing(): Pick<OverviewDto['node'], 'redis' | 'clock' | 'epoch' | 'tick' | 'consistency' | 'layers'> {
    const { clock, link, options } = this.stack;
    const { epoch, tick } = clock.instant();
    return {
      redis: link ? (link.isUp ? 'up' : 'away') : 'none',
      clock: this.stack.isTrusted ? 'live' : 'away',
      epoch,
      tick,
      consistency: options.consistency,
      layers: [...options.layers],
    };
  }
}
