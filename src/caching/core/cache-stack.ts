import type { CacheEventBus } from '../caching.events';
import type { ResolvedOptions } from '../caching.options';
import { withDeadline } from './async/deadline';
import { RedisClient } from './redis/client';
import { RedisFillLock } from './store/load/fill-lock';
import { Freshness } from './store/freshness';
import { Inspector } from './store/inspector';
import { ReadableEntries } from './store/readable';
import { L1 } from './store/tiers/l1';
import { RedisL2 } from './store/tiers/l2';
import { TieredStore } from './store/tiered-store';
import { Heartbeat } from './async/heartbeat';
import { MemoryTagClock } from './clock/memory-tag-clock';
import { RedisClockTransport } from './clock/redis-clock-transport';
import { RedisTagClock } from './clock/redis-tag-clock';
import type { TagClock } from './clock/tag-clock';
import { Trust } from './clock/trust';
import { TrustedClock } from './clock/trusted-clock';
import { type ClockIdentity, ownClock, redisClock } from './clock/clock-identity';
import { RedisSourceLedger } from './clock/redis-source-ledger';
import { OwnSourceLedger, type SourceLedger } from './clock/source-ledger';
import { DependencyTracker } from './clock/dependency-tracker';
import { systemTime, type Time } from './async/time';
import { RowRegistry } from './rows/row-registry';
import { TransactionScope } from './async/transaction-scope';
import { untraced } from '../tracing';

/** Heartbeats within the lifetime of one proof: some may be lost without losing trust. */
const BEATS_PER_LAG = 4;
/** Milliseconds that start and stop wait for Redis. Without Redis the service starts degraded. */
const PATIENCE = 2_000;

/** All parts of one node's cache, wired together. The Nest module provides it; tests build one for each node. */
export class CacheStack {
  /** The clock for readers: it replies only while this node is trusted. */
  readonly clock: TagClock;
  readonly trust: Trust;
  readonly identity: ClockIdentity;
  /** Which database this cache belongs to. */
  readonly ledger: SourceLedger;
  readonly dependencies: DependencyTracker;
  readonly transactions = new TransactionScope();
  readonly rows = new RowRegistry();
  readonly store: TieredStore;
  /** What the layers require of entries from Redis. */
  readonly readable = new ReadableEntries();
  readonly inspector: Inspector;
  readonly l1: L1;
  /** Undefined without Redis. */
  readonly redis?: RedisClient;
  private readonly redisClock?: RedisTagClock;
  private readonly heartbeat: Heartbeat;

  constructor(
    readonly options: ResolvedOptions,
    readonly events: CacheEventBus,
    readonly time: Time = systemTime,
  ) {
    const { redis, prefix, application, l2Timeout, maxLag, maxTags, fillWait } = options;
    let clock: TagClock;
    if (redis) {
      this.redis = new RedisClient(redis, l2Timeout, events);
      const transport = new RedisClockTransport(this.redis, prefix, maxTags, events);
      this.identity = redisClock(transport);
      clock = this.redisClock = new RedisTagClock(transport, { maxLag, maxTags, timeout: l2Timeout }, time, events);
    } else {
      this.identity = ownClock();
      clock = new MemoryTagClock(maxTags, events);
    }
    this.ledger = this.redis ? new RedisSourceLedger(this.redis, prefix, clock, time) : new OwnSourceLedger(clock);
    this.trust = new Trust(clock, time, events, options);
    this.clock = new TrustedClock(clock, this.trust);
    this.heartbeat = new Heartbeat(() => this.beat(), this.trust.lifetime / BEATS_PER_LAG);
    const l2 =
      this.redis && new RedisL2(this.redis, prefix, this.clock, options.seal, events, time, this.readable, application);
    this.l1 = new L1(options.l1MaxBytes, events);
    this.dependencies = new DependencyTracker(this.clock, time);
    this.inspector = new Inspector(this.l1, l2, this.clock, time);
    this.store = new TieredStore({
      clock: this.clock,
      dependencies: this.dependencies,
      transactions: this.transactions,
      freshness: new Freshness(this.clock, time, options),
      l1: this.l1,
      l2,
      lock:
        this.redis &&
        new RedisFillLock(this.redis, application ? `${prefix}:${application}` : prefix, Math.max(fillWait, 1)),
      isAlone: () => this.ledger.isAlone(),
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

  /** A purge runs in the background, so its span is recorded when it has ended. */
  private traceEdges(): void {
    const { events, options } = this;
    if (options.tracing === untraced) return;
    events.on('purged', (tags, ms) => options.tracing.past('cache.purge', { 'cache.tags': tags.length }, ms));
  }

  /** Connects and synchronises the clock. Never rejects: while Redis is unavailable, the node starts without it and keeps retrying. */
  async start(): Promise<void> {
    const connected = this.redis?.start().then(() => this.redisClock?.beat());
    if (connected) await withDeadline(connected, PATIENCE, 'connecting to Redis').catch(() => undefined);
    this.heartbeat.start();
  }

  private async beat(): Promise<void> {
    await this.redisClock?.beat();
    this.trust.report();
  }

  /** Finishes running fills within a deadline, then closes sockets and timers. Never rejects. */
  async stop(): Promise<void> {
    this.heartbeat.stop();
    await withDeadline(this.store.idle(), PATIENCE, 'finishing fills').catch(() => undefined);
    await this.clock.close();
    this.redis?.close();
  }
}
