import type { CacheEventBus } from '../caching.events';
import type { ResolvedOptions } from '../caching.options';
import { withDeadline } from './async/deadline';
import { RedisClient } from './redis/client';
import { RedisFillLock } from './store/load/fill-lock';
import { Freshness } from './store/freshness';
import { Inspector } from './store/inspector';
import { L1 } from './store/tiers/l1';
import { type L2, RedisL2 } from './store/tiers/l2';
import { TieredStore } from './store/tiered-store';
import { Heartbeat } from './async/heartbeat';
import { MemoryTagClock } from './clock/memory-tag-clock';
import { RedisClockTransport } from './clock/redis-clock-transport';
import { RedisTagClock } from './clock/redis-tag-clock';
import type { TagClock } from './clock/tag-clock';
import { DependencyTracker } from './clock/dependency-tracker';
import { systemTime, type Time } from './async/time';
import { untraced } from '../tracing';

/** Heartbeats within one maxLag: some may be lost before trust is. */
const BEATS_PER_LAG = 4;
/** Milliseconds start and stop wait for Redis at most. Without it the service starts all the same, and degraded. */
const PATIENCE = 2_000;

/** The parts, put together: what the Nest module makes injectable and what tests build two of. */
export class CacheStack {
  readonly clock: TagClock;
  readonly dependencies: DependencyTracker;
  readonly store: TieredStore;
  readonly inspector: Inspector;
  readonly l1: L1;
  /** Undefined without Redis. */
  readonly redis?: RedisClient;
  private readonly redisClock?: RedisTagClock;
  private readonly heartbeat?: Heartbeat;

  constructor(
    readonly options: ResolvedOptions,
    readonly events: CacheEventBus,
    private readonly time: Time = systemTime,
  ) {
    const { redis, prefix, application, l2Timeout, maxLag, maxTags, fillWait } = options;
    let l2: L2 | undefined;
    if (redis) {
      this.redis = new RedisClient(redis, l2Timeout, events);
      const transport = new RedisClockTransport(this.redis, prefix, maxTags, events);
      const clock = new RedisTagClock(transport, { maxLag, maxTags, timeout: l2Timeout }, time, events);
      this.heartbeat = new Heartbeat(() => clock.beat(), maxLag / BEATS_PER_LAG);
      l2 = new RedisL2(this.redis, prefix, clock, options.seal, events, time, application);
      this.clock = this.redisClock = clock;
    } else {
      this.clock = new MemoryTagClock(maxTags, events);
    }
    this.l1 = new L1(options.l1MaxBytes, events);
    this.dependencies = new DependencyTracker(this.clock, time);
    this.inspector = new Inspector(this.l1, l2, this.clock, time);
    this.store = new TieredStore({
      clock: this.clock,
      dependencies: this.dependencies,
      freshness: new Freshness(this.clock, time, options),
      l1: this.l1,
      l2,
      lock:
        this.redis &&
        new RedisFillLock(this.redis, application ? `${prefix}:${application}` : prefix, Math.max(fillWait, 1)),
      events,
      time,
      tracing: options.tracing,
      random: Math.random,
      defaults: options,
      fillWait,
      backOff: options.backOff,
    });
    this.traceEdges();
  }

  /** Edges purge behind everybody's back; that they have done it is all that can be told. */
  private traceEdges(): void {
    const { events, options } = this;
    if (options.tracing === untraced) return;
    events.on('purged', (tags, ms) => options.tracing.past('cache.purge', { 'cache.tags': tags.length }, ms));
  }

  /** Whether L1 is trusted: the clock's last word is younger than maxLag (Law 6). */
  get isTrusted(): boolean {
    return this.time.mono() - this.clock.lastSyncAt < this.options.maxLag;
  }

  /** Connects and catches up. Never rejects: with Redis away it starts without, and goes on trying. */
  async start(): Promise<void> {
    if (!this.redis || !this.redisClock) return;
    const connected = this.redis.start().then(() => this.redisClock?.beat());
    await withDeadline(connected, PATIENCE, 'connecting to Redis').catch(() => undefined);
    this.heartbeat?.start();
  }

  /** Finishes running fills within a deadline, then closes sockets and timers. Never rejects. */
  async stop(): Promise<void> {
    this.heartbeat?.stop();
    await withDeadline(this.store.idle(), PATIENCE, 'finishing fills').catch(() => undefined);
    await this.clock.close();
    this.redis?.close();
  }
}
