import { Controller, Get, Query } from '@nestjs/common';
import { CACHE_STACK, type CacheStack, CacheView } from '../../../../src/caching';
import { UrlKeyCache } from '../../../../src/caching/read/view/route/url-key-cache';
import { StoredResponse } from '../../../../src/caching/read/view/response/stored-response';
import { cachedApp, closeApps } from '../../../support/nest-app';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node } from '../../../support/stacks';
import { needs } from '../../../support/needs';
import { effort, slowDescribe, slowIt } from '../../../support/effort';

const MEGABYTE = 1024 * 1024;
const payload = Buffer.from(JSON.stringify({ results: 'x'.repeat(1_000) }));
const { body } = StoredResponse.encode(200, { 'content-type': 'application/json; charset=utf-8' }, payload);
const keyOf = (n: number): string => `view:/things{}{"search":"${n}"}`;

@Controller()
class Things {
  @Get('things') @CacheView() list(@Query('search') search: string): object {
    return { search, results: 'x'.repeat(1_000) };
  }
}

afterEach(async () => {
  await closeApps();
  await closeStacks();
});

/** `work` for 0…count, so many at once. */
async function flood(count: number, atOnce: number, work: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, count - n) }, (_, i) => work(n + i)));
  }
}

const KEYS = effort(12_000, 1_000_000);

it(`${KEYS} distinct keys of views through the store: L1 stays within its bytes and keeps what is in use`, async () => {
  const stack = await node({ l1MaxBytes: '8mb' });
  const urls = new UrlKeyCache();
  const known = { route: undefined as never, pattern: '/things', handler: undefined };
  // However long a million takes, the page in use does not expire in it.
  const policy = { ttl: 12 * 3_600_000 };
  let hot = 0;
  let most = 0;
  await flood(KEYS, 500, async (n) => {
    urls.remember(`/things?search=${n}`, { ...known, urlKey: keyOf(n) });
    await stack.store.getOrLoad(keyOf(n), policy, () => Promise.resolve({ body }));
    if (n % 500 !== 0) return;
    const { outcome } = await stack.store.getOrLoad(keyOf(-1), policy, () => Promise.resolve({ body }));
    if (outcome === 'hit') hot += 1;
    most = Math.max(most, stack.l1.bytes);
  });
  expect(hot).toBe(KEYS / 500 - 1);
  expect(most).toBeGreaterThan(7 * MEGABYTE);
  expect(most).toBeLessThanOrEqual(8 * MEGABYTE);
  expect(stack.l1.size).toBeLessThan(10_000);
  expect(urls.get('/things?search=1')).toBeUndefined();
  expect(urls.get(`/things?search=${KEYS - 1}`)).toBeDefined();
});

const PAGES = 10_000;

slowIt(
  `${PAGES} distinct query strings through a whole application: the same, and the page in use is a hit all along`,
  async () => {
    const { app } = await cachedApp({ caching: { l1MaxBytes: '2mb' }, controllers: [Things] });
    const stack = app.get<CacheStack>(CACHE_STACK);
    let hits = 0;
    await flood(PAGES, 50, async (n) => {
      expect((await app.inject({ method: 'GET', url: `/things?search=${n}` })).statusCode).toBe(200);
      if (n % 50 !== 0) return;
      const { headers } = await app.inject({ method: 'GET', url: '/things?search=hot' });
      if (headers['x-cache'] === 'HIT') hits += 1;
    });
    expect(hits).toBe(PAGES / 50 - 1);
    expect(stack.l1.bytes).toBeLessThanOrEqual(2 * MEGABYTE);
  },
);

slowDescribe('in Redis', () => {
  needs('redis-server');

  const SHARED = 40_000;

  it(`${SHARED} of them into a Redis of 12 MB with volatile-lfu: it stays there, the clock is not evicted, what is in use is kept`, async () => {
    const redis = await RedisServer.start('--maxmemory', '12mb', '--maxmemory-policy', 'volatile-lfu');
    try {
      // An L1 that holds next to nothing, so that the hot entry is read from Redis.
      const stack = await node({ l1MaxBytes: '3kb', l2Timeout: 5_000, redis: { url: redis.url } });
      await live(stack);
      await stack.store.invalidate(['before the flood']);
      let hot = 0;
      await flood(SHARED, 200, async (n) => {
        await stack.store.getOrLoad(keyOf(n), {}, () => Promise.resolve({ body }));
        if (n % 200 !== 0) return;
        const { outcome } = await stack.store.getOrLoad(keyOf(-1), {}, () => Promise.resolve({ body }));
        if (outcome === 'hit') hot += 1;
      });
      await stack.store.idle();
      const info = await redis.command<string>('INFO');
      const number = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
      expect(number('evicted_keys')).toBeGreaterThan(SHARED / 4);
      expect(number('used_memory')).toBeLessThan(12.6 * MEGABYTE);
      expect(await redis.command('ZSCORE', '{strata}:clock', 't:before the flood')).not.toBeNull();
      expect(hot).toBeGreaterThan((SHARED / 200) * 0.9);
    } finally {
      await closeStacks();
      await redis.stop();
    }
  });
});
