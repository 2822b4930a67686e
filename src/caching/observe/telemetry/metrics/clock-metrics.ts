import { Counter, Gauge } from 'prom-client';
import type { RedisUsage } from '../redis-usage';
import { RedisUsageReader } from '../redis-usage';
import { codeOf } from '../../health';
import { gauges } from './gauge';
import type { Sources } from './sources';

/** The clock, the connection to Redis, and Redis itself. */
export function clockMetrics({ registry, stack, closeLater }: Sources): void {
  const registers = [registry];
  const { clock, events, redis, trust } = stack;
  const lag = new ClockLag(() => trust.clockSyncAt);
  const gauge = gauges(registry);

  gauge(
    'cache_clock_lag_seconds',
    'Age of the last response of the clock; 0 without Redis, where this process is the clock.',
    () => lag.seconds(),
  );
  gauge('cache_clock_live', '1: the clock responds. 0: no reply for longer than maxLag.', () =>
    Number(trust.isClockLive),
  );
  gauge(
    'cache_trusted',
    '1: every write is known to be stamped, so cached values are served. 0: there is no proof of it.',
    () => Number(trust.holds),
  );
  const losses = new Counter({
    name: 'cache_trust_losses_total',
    help: 'Times that trust ended, by the code of the cause.',
    labelNames: ['cause'],
    registers,
  });
  // A series that begins at 0 makes its first increase visible to `increase()`.
  losses.inc({ cause: 'CACHE_CLOCK_UNAVAILABLE' }, 0);
  closeLater(events.on('trust', (state, cause) => state === 'unproved' && losses.inc({ cause: codeOf(cause) })));
  gauge('cache_clock_tick', 'Stamps in this epoch of the clock.', () => clock.instant().tick);
  const epochs = new Counter({
    name: 'cache_clock_epochs_total',
    help: 'Epochs that started, including the first; each one invalidates the whole cache.',
    registers,
  });
  closeLater(events.on('epoch', () => epochs.inc()));
  closeLater(events.on('clock', (state) => state === 'unavailable' && lag.lost()));
  if (!redis) return;

  gauge('cache_redis_up', '1: there is a connection to Redis.', () => Number(redis.isUp));
  gauge('cache_breaker_open', '1: the circuit breaker is open and no new connection has replaced the broken one.', () =>
    Number(redis.isBroken),
  );
  const trips = new Counter({
    name: 'cache_breaker_trips_total',
    help: 'Connections that the circuit breaker closed.',
    registers,
  });
  closeLater(events.on('redis', (state) => state === 'broken' && trips.inc()));
  redisMetrics(new RedisUsageReader(redis));

  /** Without a reply these have no value, which is better than an outdated one. */
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
          const usage = await reader.read();
          if (usage) metric.inc({ redis: 'l2' }, of(usage));
        },
      });
    };
    usage(Gauge, 'cache_redis_memory_bytes', 'Memory of Redis, summed over all masters.', ({ memory }) => memory);
    usage(Gauge, 'cache_redis_max_memory_bytes', 'Memory limit of Redis; 0: no limit.', ({ maxMemory }) => maxMemory);
    usage(
      Counter,
      'cache_redis_evicted_keys_total',
      'Keys that Redis evicted to free memory.',
      ({ evictedKeys }) => evictedKeys,
    );
    usage(
      Counter,
      'cache_redis_keyspace_hits_total',
      'Successful key lookups in Redis, by all its clients.',
      ({ hits }) => hits,
    );
    usage(
      Counter,
      'cache_redis_keyspace_misses_total',
      'Failed key lookups in Redis, by all its clients.',
      ({ misses }) => misses,
    );
  }
}

/** A clock that is distrusted at once has no last response time; its age then counts from the loss of trust. */
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
