import { Controller, Get, Inject, Injectable, Query } from '@nestjs/common';
import { CacheService, CacheView } from '../../../../src/caching';
import { ask, cacheStatus, type RawAnswer } from '../../../support/http';
import { CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

@Injectable()
class State {
  text = 'first'.repeat(500);
}

@Controller()
class Views {
  constructor(
    @Inject(State) private readonly state: State,
    @Inject(CacheService) private readonly cache: CacheService,
  ) {}

  @Get('text') @CacheView({ shared: true, browser: '1m', edge: '1h' }) text(@Query('n') _n?: string): object {
    this.cache.addTags(['text']);
    return { text: this.state.text };
  }

  @Get('asks') @CacheView() asks(): object {
    return {};
  }
}

afterAll(closeApps);

let app: CachedApp;
const reset = async (): Promise<void> => {
  app = await cachedApp({ controllers: [Views], providers: [State] });
};
beforeAll(reset);

const get = (headers: Record<string, string> = {}, path = '/text'): Promise<RawAnswer> => app.ask(path, { headers });
const revalidate = (etag: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  get({ 'if-none-match': etag, ...headers });

it.each([
  ['the tag', (etag: string) => etag],
  ['a weak form of it', (etag: string) => `W/${etag}`],
  ['a list', (etag: string) => `"other", ${etag},W/"more"`],
  ['a star', () => '*'],
])('If-None-Match with %s is a 304', async (_what, written) => {
  // The miss, the pipeline's hit, the fast path's.
  await reset();
  const etag = String((await get({}, '/text?n=other')).headers.etag);
  for (let i = 0; i < 4; i++) {
    const full = i === 0 ? undefined : await get();
    const answer = await revalidate(written(etag));
    expect([answer.status, answer.body.length]).toEqual([304, 0]);
    expect(answer.headers).toMatchObject({ etag, vary: 'accept-encoding' });
    expect(answer.headers['cache-control']).toBe('public, max-age=60, s-maxage=1, stale-if-error=3600');
    expect(answer.headers).not.toHaveProperty('content-type');
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect(answer.headers).not.toHaveProperty('content-length');
    expect(answer.headers['cache-status']).toMatch(i === 0 ? /^strata; fwd=uri-miss; stored$/ : /^strata; hit; /);
    if (full)
      for (const name of ['etag', 'vary', 'cache-control']) expect(answer.headers[name]).toBe(full.headers[name]);
  }
});

it('another state, another encoding, or half a tag is a 200', async () => {
  const etag = String((await get()).headers.etag);
  const gzipped = await get({ 'accept-encoding': 'gzip' });
  expect(gzipped.headers.etag).not.toBe(etag);
  for (let i = 0; i < 3; i++) {
    expect((await revalidate('"other"')).status).toBe(200);
    expect((await revalidate(etag.slice(0, -2))).status).toBe(200);
    expect((await revalidate(etag, { 'accept-encoding': 'gzip' })).status).toBe(200);
    expect((await revalidate(String(gzipped.headers.etag))).status).toBe(200);
    expect((await revalidate(String(gzipped.headers.etag), { 'accept-encoding': 'gzip' })).status).toBe(304);
  }
});

it('after any number of 304s and changes the copy of a client equals what the server has', async () => {
  const state = app.app.get(State);
  const copies = new Map<string, { etag: string; body: Buffer }>();
  let notModified = 0;
  for (let i = 0; i < 400; i++) {
    if (i % 7 === 0) {
      state.text = `state ${i >> 4} `.repeat(200);
      await app.cache.evict(['text']);
    }
    const encoding = ['identity', 'gzip', 'br'][i % 3]!;
    const copy = copies.get(encoding);
    const headers = { 'accept-encoding': encoding, ...(copy && { 'if-none-match': copy.etag }) };
    const answer = await get(headers);
    if (answer.status === 200) copies.set(encoding, { etag: String(answer.headers.etag), body: answer.body });
    else notModified += 1;
    const truth = await get({ 'accept-encoding': encoding });
    expect(copies.get(encoding)).toEqual({ etag: truth.headers.etag, body: truth.body });
  }
  expect(notModified).toBeGreaterThan(100);
});

it('says what browsers and edges may do, as declared', async () => {
  expect((await get()).headers['cache-control']).toBe('public, max-age=60, s-maxage=1, stale-if-error=3600');
  expect((await get({}, '/asks')).headers['cache-control']).toBe('public, max-age=0, must-revalidate');
  expect((await get({}, '/asks')).headers.vary).toBe('authorization, cookie, accept-encoding');
});

it('only-if-cached is a 504 on a miss and a 200 on a hit', async () => {
  await app.cache.clear();
  const asked = await get({ 'cache-control': 'only-if-cached' });
  expect(asked.status).toBe(504);
  expect(asked.headers['cache-status']).toBe('strata; detail=only-if-cached');
  await get();
  for (const wish of ['only-if-cached', 'Only-If-Cached, max-stale=10']) {
    const hit = await get({ 'cache-control': wish });
    expect([hit.status, cacheStatus(hit).split('; ttl')[0]]).toEqual([200, 'strata; hit']);
  }
});

it.each(['no-cache', 'No-Cache', 'max-age=0', 'no-store'])('%s of a stranger changes nothing', async (wish) => {
  await get();
  for (let i = 0; i < 3; i++)
    expect(cacheStatus(await get({ 'cache-control': wish, pragma: 'no-cache' }))).toMatch(/^strata; hit/);
});

it('Age is the time since the response was last known to be fresh', async () => {
  await get();
  for (let i = 0; i < 3; i++) expect((await ask(app.url, '/text')).headers.age).toBe('0');
});
