import type { EdgeOptions } from '../../../src/caching';
import { appBehind, expectNothingForEdges, KINDS, told } from '../../support/edge-views';
import { cacheStatus, type RawAnswer } from '../../support/http';
import { closeApps } from '../../support/nest-app';
import { RedisServer } from '../../support/redis-server';
import { needs } from '../../support/needs';

const stale = 'stale-while-revalidate=10, stale-if-error=3600';
const browsers = 'public, max-age=0, must-revalidate';
const TAGS = '* page table:pages';

const EXPECTED: Record<string, Record<string, string>> = {
  none: {
    'cache-control': `${browsers}, s-maxage=1, stale-if-error=3600`,
    'cdn-cache-control': 'max-age=1, stale-if-error=3600',
  },
  varnish: { 'cache-control': `${browsers}, s-maxage=N, ${stale}`, xkey: TAGS },
  fastly: { 'cache-control': browsers, 'surrogate-control': `max-age=N, ${stale}`, 'surrogate-key': TAGS },
  cloudflare: {
    'cache-control': browsers,
    'cloudflare-cdn-cache-control': `max-age=N, ${stale}`,
    'cache-tag': '*,page,table:pages',
  },
};

let redis: RedisServer | undefined;
afterEach(closeApps);
afterAll(() => redis?.stop());

describe.each(Object.keys(KINDS))('%s', (kind) => {
  it('headers are the same on a miss, in the pipeline, in the fast path, compressed, on HEAD and on a 304', async () => {
    const { ask } = await appBehind(KINDS[kind]);
    const seen: string[] = [];
    const check = async (request: Parameters<typeof ask>[1] = {}): Promise<RawAnswer> => {
      const answer = await ask('/page', request);
      seen.push(cacheStatus(answer).replace(/\d+/, 'N'));
      expect(told(answer)).toEqual(EXPECTED[kind]);
      return answer;
    };
    const { headers } = await check();
    for (let i = 0; i < 4; i++) await check();
    const whole = { 'accept-encoding': 'gzip' };
    for (let i = 0; i < 3; i++) await check({ headers: whole });
    await check({ method: 'HEAD' });
    // Through the pipeline, and in front of it.
    for (const more of [{ range: 'bytes=0-' }, {}]) {
      const again = await check({ headers: { 'if-none-match': String(headers.etag), ...more } as never });
      expect(again.status).toBe(304);
    }
    expect(new Set(seen)).toEqual(new Set(['strata; fwd=uri-miss; stored', 'strata; hit; ttl=N; detail=l1']));
  });

  it('private responses, and responses to identified callers, reach no shared cache', async () => {
    const { ask } = await appBehind(KINDS[kind]);
    const headers = { authorization: 'ada' };
    for (let i = 0; i < 3; i++) {
      const mine = await ask('/mine', { headers });
      expect(mine.headers['cache-control']).toBe('private, max-age=0, must-revalidate');
      expectNothingForEdges(mine);
      for (const personal of [headers, { cookie: 'a=b' }]) {
        const bypassed = await ask('/open', { headers: personal });
        expect(bypassed.headers['cache-control']).toBe('private, no-store');
        expectNothingForEdges(bypassed);
      }
    }
  });

  it('routes that declare no edge, and 404s, are cached by no edge', async () => {
    const { ask } = await appBehind(KINDS[kind]);
    for (let i = 0; i < 3; i++) {
      expectNothingForEdges(await ask('/plain'));
      expectNothingForEdges(await ask('/gone'));
    }
  });
});

it('the lifetime at edges is the smallest of the route’s, the configured one and the entry’s', async () => {
  const age = async (options: EdgeOptions, path: string): Promise<number> => {
    const { ask } = await appBehind(options);
    const value = /s-maxage=(\d+)/.exec(String((await ask(path)).headers['cache-control']))?.[1];
    return Number(value ?? 0);
  };
  expect(await age({ ...KINDS.varnish }, '/minute')).toBe(60);
  expect(await age({ ...KINDS.varnish, ttl: '30s' }, '/minute')).toBe(30);
  expect(await age({ ...KINDS.varnish, ttl: 0 }, '/minute')).toBe(0);
  expect(await age({ ttl: '5s' }, '/page')).toBe(5);
  // Give or take the jitter.
  expect(await age({ ...KINDS.varnish }, '/brief')).toBeLessThanOrEqual(22);
});

it('tags can be sent in other headers than the purged edge reads', async () => {
  const { ask } = await appBehind({ ...KINDS.varnish, tags: ['cache-groups', 'cache-tag'] });
  const { headers } = await ask('/page');
  expect(headers['cache-groups']).toBe('"*", "page", "table:pages"');
  expect(headers['cache-tag']).toBe('*,page,table:pages');
  expect(headers).not.toHaveProperty('xkey');
});

it('without EdgeModule nothing is purged, so edges cache responses for a second', async () => {
  const { ask } = await appBehind();
  expect(told(await ask('/page'))).toEqual(EXPECTED.none);
});

describe('of two nodes on one Redis', () => {
  needs('redis-server');

  it('a response from L2 has the headers of the node that stored it', async () => {
    redis = await RedisServer.start();
    const caching = { redis: { url: redis.url }, prefix: 'edge-test' };
    const [one, two] = [await appBehind(KINDS.fastly, caching), await appBehind(KINDS.fastly, caching)];
    await one.ask('/page');
    const answer = await two.ask('/page');
    expect(cacheStatus(answer)).toMatch(/detail=l2$/);
    expect(told(answer)).toEqual(EXPECTED.fastly);
  });
});
