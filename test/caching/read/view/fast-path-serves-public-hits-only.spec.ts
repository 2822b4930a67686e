import { Controller, Get, Inject, Injectable, Query } from '@nestjs/common';
import { RouteConstraints } from '@nestjs/platform-fastify';
import { CacheEventBus, CacheService, CacheView } from '../../../../src/caching';
import { RedisL2 } from '../../../../src/caching/core/store/tiers/l2';
import { cacheStatus, type RawAnswer } from '../../../support/http';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';
import { RedisServer } from '../../../support/redis-server';
import { needs } from '../../../support/needs';

needs('redis-server');

@Injectable()
class Source {
  calls = 0;
}

@Controller()
class Views {
  constructor(
    @Inject(Source) private readonly source: Source,
    @Inject(CacheService) private readonly cache: CacheService,
  ) {}

  @Get('open') @CacheView() open(@Query('n') n?: string): object {
    this.cache.addTags(['open']);
    return { n, call: (this.source.calls += 1), text: 'long enough to be compressed. '.repeat(100) };
  }

  @Get('mine') @CacheView({ private: true }) mine(): object {
    this.cache.addTags(['mine']);
    return { of: 'ann' };
  }
}

@Controller('shop')
class OfEverybody {
  @Get() @CacheView() shop(): object {
    return { of: 'everybody' };
  }
}

@Controller('shop')
class OfOneHost {
  @Get() @RouteConstraints({ host: 'a.example.com' }) @CacheView() shop(): object {
    return { of: 'a.example.com' };
  }
}

/** An application, and how many requests came as far as the framework. */
type Counted = CachedApp & { passed: () => number; source: () => Source };

async function start(prefix: string, controllers = [Views] as never[], url?: string): Promise<Counted> {
  let passed = 0;
  const app = await cachedApp({
    caching: {
      prefix,
      redis: url === undefined ? undefined : { url },
      l2Timeout: 2_000,
      view: { user, headers: ['x-sent-by'] },
    },
    controllers,
    providers: [Source],
    prepare: (nest) => {
      const server = nest.getHttpAdapter().getInstance();
      server.addHook('onRequest', (_request, _reply, done) => done(void (passed += 1)));
      server.addHook('onSend', async (request, reply) => {
        if (request.url === '/mine') void reply.header('x-sent-by', 'the framework');
      });
    },
  });
  return { ...app, passed: () => passed, source: () => app.app.get(Source) };
}

const user = ({ headers }: { headers: Record<string, unknown> }): string | undefined => headers['x-user'] as string;

/** Asks until the address is open; a route's first answers are made by the framework. */
async function openUp(app: Counted, path: string): Promise<void> {
  for (let i = 0; i < 4; i += 1) await app.ask(path);
}

async function passes(app: Counted, ask: () => Promise<unknown>): Promise<number> {
  const before = app.passed();
  await ask();
  return app.passed() - before;
}

const json = ({ body }: RawAnswer): unknown => JSON.parse(body.toString());

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(async () => {
  await closeApps();
  await redis.stop();
});

describe('in one process', () => {
  let app: Counted;
  beforeAll(async () => {
    app = await start('front');
  });

  it.each(['max-age=0', 'Max-Age=60'])('a reload (%s) is served there: an Age of 0 is within it', async (wish) => {
    await openUp(app, '/open');
    const reload = (): Promise<unknown> => app.ask('/open', { headers: { 'cache-control': wish } });
    expect(await passes(app, reload)).toBe(0);
  });

  it.each(['no-cache', 'only-if-cached', 'max-age=0, no-cache', 'no-store'])('%s is not', async (wish) => {
    await openUp(app, '/open');
    const ask = (): Promise<unknown> => app.ask('/open', { headers: { 'cache-control': wish } });
    expect(await passes(app, ask)).toBe(1);
  });

  it('an address whose key is too long to be kept as it reads is known by the same key', async () => {
    const path = `/open?n=${'x'.repeat(400)}`;
    await openUp(app, path);
    expect(await passes(app, () => app.ask(path))).toBe(0);
  });

  it('a private hit is made by the framework, with all of its hooks', async () => {
    const ask = (): Promise<RawAnswer> => app.ask('/mine', { headers: { 'x-user': 'ann' } });
    await ask();
    const before = app.passed();
    for (let i = 0; i < 4; i += 1) {
      const answer = await ask();
      expect(cacheStatus(answer)).toMatch(/; hit; .*detail=l1$/);
      expect(answer.headers).toMatchObject({ 'x-sent-by': 'the framework', 'content-length': '12' });
      expect(json(answer)).toEqual({ of: 'ann' });
    }
    expect(app.passed() - before).toBe(4);
    expect((await app.ask('/mine', { method: 'HEAD', headers: { 'x-user': 'ann' } })).body).toHaveLength(0);
  });

  it('what is read is counted once', async () => {
    await openUp(app, '/open?n=counted');
    let hits = 0;
    const end = app.app.get(CacheEventBus).on('hit', () => (hits += 1));
    await app.ask('/open?n=counted');
    await app.ask('/open?n=counted', { headers: { 'cache-control': 'no-cache' } });
    await app.ask('/mine', { headers: { 'x-user': 'ann' } });
    end();
    expect(hits).toBe(3);
  });
});

it('where the router looks at more than the address there is no front', async () => {
  const shops = await start('hosts', [OfEverybody, OfOneHost] as never[]);
  for (let i = 0; i < 5; i += 1) {
    expect(json(await shops.ask('/shop'))).toEqual({ of: 'everybody' });
    expect(json(await shops.ask('/shop', { headers: { host: 'a.example.com' } }))).toEqual({ of: 'a.example.com' });
  }
});

describe('of two processes', () => {
  let one: Counted;
  let other: Counted;
  const reads = jest.spyOn(RedisL2.prototype, 'read');
  beforeAll(async () => {
    one = await start('two', [Views] as never[], redis.url);
    other = await start('two', [Views] as never[], redis.url);
  });
  afterAll(() => reads.mockRestore());

  /** An address that is open on the second node, and whose newest answer is the first one's. */
  async function elsewhere(path: string): Promise<void> {
    await openUp(other, path);
    await one.cache.evict(['open', 'mine']);
    await one.ask(path);
    reads.mockClear();
  }

  it('the one has in front what the other has made', async () => {
    await elsewhere('/open?n=made');
    const answers: RawAnswer[] = [];
    const passed = await passes(other, async () => {
      for (let i = 0; i < 2; i += 1) answers.push(await other.ask('/open?n=made'));
    });
    expect(passed).toBe(0);
    expect(answers.map(cacheStatus)).toEqual([
      expect.stringMatching(/^two; hit; ttl=\d+; detail=l2$/),
      expect.stringMatching(/^two; hit; ttl=\d+; detail=l1$/),
    ]);
    expect(answers.map(json)).toEqual([0, 1].map(() => ({ ...(json(answers[0]!) as object), n: 'made' })));
  });

  it('concurrent requests share one lookup in L2', async () => {
    await elsewhere('/open?n=crowd');
    const passed = await passes(other, async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => other.ask('/open?n=crowd')));
      expect(new Set(answers.map(({ headers }) => headers.etag)).size).toBe(1);
    });
    expect(passed).toBe(0);
    expect(reads.mock.calls.length).toBeLessThanOrEqual(2);
  });

  it('a miss in L2 goes to the framework, which does not read L2 again', async () => {
    await elsewhere('/open?n=miss');
    await one.cache.evict(['open']);
    expect(cacheStatus(await other.ask('/open?n=miss'))).toBe('two; fwd=uri-miss; stored');
    expect(reads).toHaveBeenCalledTimes(1);
  });

  it('a missing entry is loaded once for all concurrent requests', async () => {
    await elsewhere('/open?n=rush');
    await one.cache.evict(['open']);
    const before = other.source().calls;
    const answers = await Promise.all(Array.from({ length: 10 }, () => other.ask('/open?n=rush')));
    expect(new Set(answers.map(({ body }) => body.toString())).size).toBe(1);
    expect(other.source().calls - before).toBe(1);
  });

  it('what is yet to be compressed is a hit of L2 all the same', async () => {
    await elsewhere('/open?n=gzip');
    const answer = await other.ask('/open?n=gzip', { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(cacheStatus(answer)).toMatch(/; hit; .*detail=l2$/);
    expect(reads.mock.calls.length).toBe(1);
  });

  it('a private response in L2 is served by the framework', async () => {
    const ask = (app: Counted): Promise<RawAnswer> => app.ask('/mine', { headers: { 'x-user': 'ann' } });
    for (let i = 0; i < 4; i += 1) await ask(other);
    await one.cache.evict(['mine']);
    await ask(one);
    const passed = await passes(other, async () => expect(cacheStatus(await ask(other))).toMatch(/detail=l2$/));
    expect(passed).toBe(1);
  });
});
