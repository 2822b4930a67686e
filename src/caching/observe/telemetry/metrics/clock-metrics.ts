import { Counter, Gauge } from 'prom-client';
import type { RedisUsage } from '../redis-usage';
import { RedisUsageReader } from '../redis-usage';
import { gauges } from './gauge';
import type { Sources } from './sources';

/** The clock, the connection to Redis, and Redis itself. */
export function clockMetrics({ registry, stack, closeLater }: Sources): void {
  const registers = [registry];
  const { clock, events, redis } = stack;
  const lag = new ClockLag(() => clock.lastSyncAt);
  const gauge = gauges(registry);

  gauge(
    'cache_clock_lag_seconds',
    'Age of the last word of the clock; 0 without Redis, as this process is the clock.',
    () => lag.seconds(),
  );
  gauge('cache_clock_live', '1: the clock is trusted, and so is L1. 0: no word for longer than maxLag.', () =>
    Number(stack.isTrusted),
  );
  gauge('cache_clock_tick', 'Stamps that this epoch of the clock has seen.', () => clock.instant().tick);
  const epochs = new Counter({
    name: 'cache_clock_epochs_total',
    help: 'Epochs that began, the first one included: at each the whole cache is dead.',
    registers,
  });
  closeLater(events.on('epoch', () => epochs.inc()));
  closeLater(events.on('clock', (state) => state === 'unavailable' && lag.lost()));
  if (!redis) return;

  gauge('cache_redis_up', '1: there is a connection to Redis.', () => Number(redis.isUp));
  gauge(
    'cache_breaker_open',
    '1: the circuit breaker has given Redis up, and no new connection has taken its place.',
    () => Number(redis.isBroken),
  );
  const trips = new Counter({
    name: 'cache_breaker_trips_total',
    help: 'Connections that the circuit breaker gave up.',
    registers,
  });
  closeLater(events.on('redis', (state) => state === 'broken' && trips.inc()));
  redisMetrics(new RedisUsageReader(redis));

  /** Without an answer they have no value: none is better than an old one. */
  function redisMetrics(reader: RedisUsageReader): void {
    const usage = (
      Kind: typeof Gauge | typeof Counter,
      name: string,
      help: string,
      of: (usage: RedisUsage) => number,
    ): void => {
      const metric: Gauge<'redis'> | Counter<'redis'> = new Kind({
        name,
        help,
        registers,
        labelNames: ['redis'],
        collect: async () => {
          metric.reset();
          const answer = await reader.read();
          if (answer) metric.inc({ redis: 'l2' }, of(answer));
        },
      });
    };
    usage(Gauge, 'cache_redis_memory_bytes', 'Memory of Redis, all masters together.', ({ memory }) => memory);
    usage(Gauge, 'cache_redis_max_memory_bytes', 'Its bound; 0: there is none.', ({ maxMemory }) => maxMemory);
    usage(
      Counter,
      'cache_redis_evicted_keys_total',
      'Keys that Redis dropped for want of memory.',
      ({ evictedKeys }) => evictedKeys,
    );
    usage(
      Counter,
      'cache_redis_keyspace_hits_total',
      'Keys that were asked for and there, whoever asked.',
      ({ hits }) => hits,
    );
    usage(
      Counter,
      'cache_redis_keyspace_misses_total',
      'Keys that were asked for and not there.',
      ({ misses }) => misses,
    );
  }
}

/** Where a clock is distrusted at once, it forgets when it was heard; then its age counts from there. */
class ClockLag {
  private lostAt = performance.now();

  constructor(private readonly lastSyncAt: () => number) {}

  lost(): void {
    this.lostAt = performance.now();
  }

  seconds(): number {
    const lastSyncAt = this.lastSyncAt();
    const since = lastSyncAt === -Infinity ? this.lostAt : lastSyncAt;
    return Math.max(0, performance.now() - since) / 1_000;
  }
}
