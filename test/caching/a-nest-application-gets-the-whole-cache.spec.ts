import { Cache, CACHE_MANAGER } from '@nestjs/cache-manager';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Cache as CacheManager } from 'cache-manager';
import { CacheEventBus, CacheService, CachingModule, type CachingOptions } from '../../src/caching';
import { eventually, pause } from '../support/eventually';
import { RedisServer } from '../support/redis-server';
import { loader, text } from '../support/stacks';
import { needs } from '../support/needs';

needs('redis-server');

@Injectable()
class Shop {
  constructor(readonly cache: CacheService) {}
}

let server: RedisServer;
const open: TestingModule[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});
afterAll(() => server.stop());

async function app(options: CachingOptions): Promise<TestingModule> {
  const module = await Test.createTestingModule({
    imports: [CachingModule.forRoot(options)],
    providers: [Shop],
  }).compile();
  await module.init();
  open.push(module);
  return module;
}

const withRedis = (prefix: string): CachingOptions => ({ prefix, l2Timeout: 1_000, redis: { url: server.url } });

it('injects CacheService, CacheEventBus and CACHE_MANAGER, also built from async options', async () => {
  const module = await Test.createTestingModule({
    imports: [CachingModule.forRootAsync({ useFactory: () => ({ ttl: '1m' }) })],
    providers: [Shop],
  }).compile();
  open.push(await module.init());
  const { cache } = module.get(Shop);
  expect(
    text(
      await cache.getOrLoad(
        'key',
        {},
        loader(() => 'value'),
      ),
    ),
  ).toBe('value');
  expect(cache.peek('key')?.body).toBe('value');
  expect(module.get(Cache)).toBe(module.get(CACHE_MANAGER));
  expect(module.get(CacheEventBus)).toBeInstanceOf(CacheEventBus);
});

describe.each([
  ['in memory', () => ({ prefix: 'nest' })],
  ['on Redis', () => withRedis('nest')],
])('CACHE_MANAGER %s', (_where, options) => {
  let cache: CacheManager;
  beforeEach(async () => {
    cache = (await app(options())).get(CACHE_MANAGER);
    await cache.clear();
  });

  it('gets what was set: objects as copies, null and false as themselves', async () => {
    const value = { name: 'ball', tags: ['toy'] };
    await cache.set('object', value);
    expect(await cache.get('object')).toEqual(value);
    expect(await cache.get('object')).not.toBe(value);
    await cache.set('null', null);
    await cache.set('false', false);
    expect([await cache.get('null'), await cache.get('false'), await cache.get('none')]).toEqual([
      null,
      false,
      undefined,
    ]);
  });

  it('deletes, expires and clears', async () => {
    await cache.mset([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
      { key: 'c', value: 3, ttl: 30 },
    ]);
    expect(await cache.mget(['a', 'b', 'c', 'd'])).toEqual([1, 2, 3, undefined]);
    await cache.del('a');
    await eventually(async () => (await cache.get('c')) === undefined);
    expect(await cache.mget(['a', 'b'])).toEqual([undefined, 2]);
    await cache.clear();
    expect(await cache.get('b')).toBeUndefined();
  });

  it('wraps: computes once for all who ask at once', async () => {
    let computed = 0;
    const work = async (): Promise<number> => (await pause(20), ++computed);
    expect(await Promise.all([1, 2, 3].map(() => cache.wrap('sum', work, 1_000)))).toEqual([1, 1, 1]);
    expect(await cache.get('sum')).toBe(1);
  });

  it('a slow wrap does not put back what was deleted meanwhile', async () => {
    let begin!: () => void;
    let finish!: (value: string) => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const old = new Promise<string>((resolve) => (finish = resolve));
    const slow = cache.wrap('slow', () => (begin(), old));
    await begun;
    await cache.del('slow');
    finish('old');
    await slow;
    expect(await cache.get('slow')).toBeUndefined();
  });
});

it('a set or del on one node is seen by the other, and clear() leaves what is not ours', async () => {
  const [near, far] = await Promise.all([app(withRedis('pair')), app(withRedis('pair'))]);
  const [here, there] = [near.get<CacheManager>(CACHE_MANAGER), far.get<CacheManager>(CACHE_MANAGER)];
  await here.set('key', 'first');
  expect(await there.get('key')).toBe('first');
  await here.set('key', 'second');
  await eventually(async () => (await there.get('key')) === 'second');
  await here.del('key');
  await eventually(async () => (await there.get('key')) === undefined);
  await server.command('SET', 'pair2:entry:key', 'foreign');
  await here.set('another', 1);
  await here.clear();
  expect(await server.command('KEYS', 'pair:entry:*')).toEqual([]);
  expect(await server.command('GET', 'pair2:entry:key')).toBe('foreign');
  await eventually(async () => (await there.get('another')) === undefined);
});

it('two prefixes on one Redis never meet', async () => {
  const [one, two] = await Promise.all([app(withRedis('one')), app(withRedis('two'))]);
  await one.get<CacheManager>(CACHE_MANAGER).set('key', 1);
  expect(await two.get<CacheManager>(CACHE_MANAGER).get('key')).toBeUndefined();
  await two.get<CacheManager>(CACHE_MANAGER).clear();
  expect(await one.get<CacheManager>(CACHE_MANAGER).get('key')).toBe(1);
});

it('foreign bytes under our key are a miss, not a failure', async () => {
  const { cache } = (await app(withRedis('odd'))).get(Shop);
  for (const bytes of ['not json', '5', 'null', '{"value":[1,2]}', '{"value":{"a":1}}']) {
    await server.command('SET', 'odd:entry:key', bytes);
    expect(
      await cache.getOrLoad(
        'key',
        {},
        loader(() => 'mine'),
      ),
    ).toMatchObject({ outcome: 'miss' });
    await cache.delete('key');
  }
});

it('shows entries by prefix, tag and cursor, and why one is stale', async () => {
  const { cache } = (await app(withRedis('shown'))).get(Shop);
  for (let i = 0; i < 25; i++)
    await cache.getOrLoad(
      `list:${i}`,
      { tags: [`t${i % 2}`] },
      loader(() => 'x'),
    );
  await cache.getOrLoad(
    'other',
    {},
    loader(() => 'y'),
  );
  const seen: string[] = [];
  for (let cursor: string | undefined = '0'; cursor !== undefined;) {
    const page: Awaited<ReturnType<CacheService['entries']>> = await cache.entries({
      prefix: 'list:',
      tag: 't1',
      cursor,
      limit: 10,
    });
    seen.push(...page.entries.map(({ key }) => key));
    cursor = page.cursor;
  }
  expect(seen).toHaveLength(12);
  expect(new Set(seen).size).toBe(12);
  await eventually(async () => (await cache.entry('list:1'))?.tiers.length === 2);
  expect(await cache.entry('list:1')).toMatchObject({ tags: ['t1'], fresh: true });
  await cache.evict(['t1']);
  expect(await cache.entry('list:1')).toMatchObject({ fresh: false, staleBecause: { why: 'stamped', tag: 't1' } });
  expect(await cache.entry('nobody')).toBeUndefined();
});

it('drains before it trusts the clock again, and not while the drain fails', async () => {
  const own = await RedisServer.start();
  try {
    const { cache } = (await app({ prefix: 'drain', l2Timeout: 200, maxLag: 300, redis: { url: own.url } })).get(Shop);
    let drained = 0;
    cache.beforeTrust(async () => {
      drained += 1;
      if (drained === 1) throw new Error('database away');
      await cache.evict(['kept']);
    });
    await own.kill();
    await expect(eventually(() => cache.evict(['kept']), 500)).rejects.toMatchObject({ code: 'CACHE_STAMP_FAILED' });
    await own.up();
    await eventually(() => drained >= 2);
    await eventually(async () => Number(await own.command('ZSCORE', '{drain}:clock', 't:kept')) > 0);
  } finally {
    await own.stop();
  }
});
