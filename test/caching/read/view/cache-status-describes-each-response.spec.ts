import { Controller, Get, Inject, Injectable, Query } from '@nestjs/common';
import { CacheService, CacheView } from '../../../../src/caching';
import { parseCacheStatus } from '../../../support/cache-status';
import { eventually } from '../../../support/eventually';
import { type RawAnswer } from '../../../support/http';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';
import { RedisServer } from '../../../support/redis-server';
import { needs } from '../../../support/needs';

needs('redis-server');

@Injectable()
class Source {
  loads = 0;
  broken = false;
  /** Resolves loads; undefined: at once. */
  gate: Promise<void> | undefined;
}

@Controller()
class Views {
  constructor(
    @Inject(Source) private readonly source: Source,
    @Inject(CacheService) private readonly cache: CacheService,
  ) {}

  @Get('view') @CacheView() async view(@Query('n') n?: string): Promise<object> {
    const { body } = (
      await this.cache.getOrLoad(`part:${n}`, { tags: ['part'] }, async () => {
        this.source.loads += 1;
        await this.source.gate;
        if (this.source.broken) throw new Error('the source is away');
        return { body: `${this.source.loads}` };
      })
    ).entry;
    return { n, load: String(body) };
  }

  @Get('whole') @CacheView() whole(): object {
    this.cache.addTags(['whole']);
    if (this.source.broken) throw new Error('the source is away');
    return {};
  }

  @Get('mine') @CacheView({ private: true }) mine(): object {
    return {};
  }

  @Get('stream') @CacheView() stream(): ReadableStream {
    return new Response('streamed').body as ReadableStream;
  }
}

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(async () => {
  await closeApps();
  await redis.stop();
});

const start = (prefix: string, layers: ('view' | 'query')[] = ['view', 'query']): Promise<CachedApp> =>
  cachedApp({
    caching: {
      prefix,
      layers,
      l2Timeout: 2_000,
      redis: { url: redis.url },
      view: { mayRevalidate: ({ headers }) => headers['x-admin'] === 'yes' },
    },
    controllers: [Views],
    providers: [Source],
  });

const told = ({ headers }: RawAnswer): object => {
  const [member, ...more] = parseCacheStatus(String(headers['cache-status']));
  expect(more).toEqual([]);
  return { ...member, x: headers['x-cache'] };
};

const hit = (detail: string, x = 'HIT'): object => ({
  cache: 'shop',
  parameters: { hit: true, ttl: expect.any(Number) as number, detail },
  x,
});
const missed = (parameters: object): object => ({ cache: 'shop', parameters, x: 'MISS' });
const bypassed = (detail: string): object => ({ cache: 'shop', parameters: { fwd: 'bypass', detail }, x: 'BYPASS' });

it('a miss, the hits on it in this node and the next, and the fast path', async () => {
  const [here, there] = [await start('shop'), await start('shop')];
  expect(told(await here.ask('/view'))).toEqual(missed({ fwd: 'uri-miss', stored: true }));
  for (let i = 0; i < 3; i++) expect(told(await here.ask('/view'))).toEqual(hit('l1'));
  await eventually(async () => (await there.cache.entry('view:/view{}{}'))?.tiers.includes('l2') === true);
  expect(told(await there.ask('/view'))).toEqual(hit('l2'));
  expect(told(await there.ask('/view'))).toEqual(hit('l1'));
});

it('who shares a load, and who had it made', async () => {
  const app = await start('shop');
  const source = app.app.get(Source);
  let open = (): void => undefined;
  source.gate = new Promise((resolve) => (open = resolve));
  const asked = Array.from({ length: 8 }, () => app.ask('/view?n=collapsed'));
  await eventually(() => source.loads === 1);
  open();
  const answers = (await Promise.all(asked)).map(told);
  expect(answers).toContainEqual(missed({ fwd: 'uri-miss', stored: true }));
  const shared = answers.filter((answer) => JSON.stringify(answer).includes('collapsed'));
  expect(shared[0]).toEqual(missed({ fwd: 'uri-miss', collapsed: true }));
  expect(source.loads).toBe(1);
});

it('what was built from parts that grace saved, and is not kept', async () => {
  const app = await start('shop');
  await app.ask('/view?n=parts');
  app.app.get(Source).broken = true;
  await app.cache.evict(['part']);
  for (let i = 0; i < 3; i++) {
    const answer = await app.ask('/view?n=parts');
    expect(told(answer)).toEqual({ ...missed({ fwd: 'uri-miss', detail: 'grace' }), x: 'STALE' });
  }
  app.app.get(Source).broken = false;
  await app.cache.evict(['part']);
  expect(told(await app.ask('/view?n=parts'))).toEqual(missed({ fwd: 'uri-miss', stored: true }));
});

it('what grace saved', async () => {
  const app = await start('shop');
  await app.ask('/whole');
  app.app.get(Source).broken = true;
  await app.cache.evict(['whole']);
  for (let i = 0; i < 3; i++) {
    const answer = await app.ask('/whole');
    expect([answer.status, told(answer)]).toEqual([200, hit('grace', 'STALE')]);
    expect(Number(answer.headers.age)).toBeGreaterThanOrEqual(0);
  }
  app.app.get(Source).broken = false;
  await app.cache.evict(['whole']);
  expect(told(await app.ask('/whole'))).toEqual(missed({ fwd: 'uri-miss', stored: true }));
});

it('why a request went past', async () => {
  const app = await start('shop');
  expect(told(await app.ask('/view', { headers: { authorization: 'x' } }))).toEqual(bypassed('authorization'));
  expect(told(await app.ask('/view', { headers: { cookie: 'a=b' } }))).toEqual(bypassed('cookie'));
  expect(told(await app.ask('/mine'))).toEqual(bypassed('no-user'));
  expect(told(await app.ask('/stream'))).toEqual(bypassed('not-cacheable'));
  const off = await start('shop', ['query']);
  expect(told(await off.ask('/view'))).toEqual(bypassed('off'));
});

it('an admin reloads the view and the queries beneath it', async () => {
  const app = await start('shop');
  const source = app.app.get(Source);
  await app.ask('/view?n=anew');
  const headers = { 'cache-control': 'no-cache' };
  expect(told(await app.ask('/view?n=anew', { headers }))).toEqual(hit('l1'));
  expect(source.loads).toBe(1);
  const anew = await app.ask('/view?n=anew', { headers: { ...headers, 'x-admin': 'yes' } });
  expect(told(anew)).toEqual(missed({ fwd: 'request', stored: true }));
  expect([source.loads, anew.body.toString()]).toEqual([2, '{"n":"anew","load":"2"}']);
  expect((await app.ask('/view?n=anew')).body.toString()).toBe('{"n":"anew","load":"2"}');
});

it('a prefix that is no token is written as a string', async () => {
  const app = await start('2nd.shop');
  expect(parseCacheStatus(String((await app.ask('/view')).headers['cache-status']))[0]?.cache).toBe('2nd.shop');
});

it('an admin may reload while Redis is unavailable', async () => {
  const own = await RedisServer.start();
  const app = await cachedApp({
    caching: { l2Timeout: 200, redis: { url: own.url }, view: { mayRevalidate: () => true } },
    controllers: [Views],
    providers: [Source],
  });
  try {
    await app.ask('/view');
    await own.kill();
    const anew = await app.ask('/view', { headers: { 'cache-control': 'no-cache' } });
    expect([anew.status, anew.body.toString()]).toEqual([200, '{"load":"2"}']);
  } finally {
    await own.stop();
  }
});
