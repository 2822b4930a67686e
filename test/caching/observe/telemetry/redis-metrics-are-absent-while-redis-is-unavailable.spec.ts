import { onRealServers } from '../../../support/backends';
import { send, tokenFor } from '../../../support/client';
import { eventually } from '../../../support/eventually';
import { ask } from '../../../support/http';
import { useOwnRedis } from '../../../support/own-redis';
import { type Sample, sample, samples } from './samples';

/** What Redis itself says, and nobody can say for it. */
const OF_REDIS = /^cache_redis_(memory|max_memory|evicted|keyspace)/;

onRealServers((open) => {
  const { service, redis } = useOwnRedis(open);

  const scrape = (): Promise<Sample[]> => samples((path) => ask(service().url, path));
  const value = (all: Sample[], name: string): number | undefined => sample(all, name, {});
  const until = (is: (all: Sample[]) => boolean): Promise<void> =>
    eventually(async () => is(await scrape())).then(() => undefined);

  it('with Redis up: the clock is trusted and Redis reports its memory', async () => {
    await until((all) => value(all, 'cache_clock_live') === 1 && value(all, 'cache_redis_up') === 1);
    const all = await scrape();
    expect(value(all, 'cache_redis_memory_bytes')).toBeGreaterThan(100_000);
    expect(value(all, 'cache_outbox_oldest_seconds')).toBe(0);
  });

  it('with Redis unavailable: the clock ages, a write waits, and values that only Redis knows are absent', async () => {
    await redis().kill();
    const token = tokenFor('eve', 'editor');
    const json = { name: 'Ball', price: 1, category: 'toys', description: 'round', stock: 1, rating: 4 };
    expect((await send(service().url, '/api/products', { method: 'POST', token, json })).status).toBe(201);
    await until(
      (all) =>
        value(all, 'cache_redis_up') === 0 &&
        value(all, 'cache_clock_live') === 0 &&
        value(all, 'cache_clock_lag_seconds')! > 1 &&
        value(all, 'cache_outbox_records')! > 0 &&
        value(all, 'cache_outbox_oldest_seconds')! > 1,
    );
    expect((await scrape()).filter(({ name }) => OF_REDIS.test(name))).toEqual([]);
  });

  it('after the return of Redis: all values are reported again', async () => {
    await redis().up();
    await until(
      (all) =>
        value(all, 'cache_redis_up') === 1 &&
        value(all, 'cache_clock_live') === 1 &&
        value(all, 'cache_outbox_records') === 0 &&
        value(all, 'cache_redis_memory_bytes') !== undefined,
    );
  });
});
