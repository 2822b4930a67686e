import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Header, Inject, Injectable, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import makeFetchHappen from 'make-fetch-happen';
import { Agent, cacheStores, interceptors, request } from 'undici';
import { CacheService, CacheView } from '../../../../src/caching';
import { openBrowser } from '../../../support/browser';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';
import { needs } from '../../../support/needs';

@Injectable()
class State {
  text = 'first';
}

@Controller()
class Views {
  constructor(
    @Inject(State) private readonly state: State,
    @Inject(CacheService) private readonly cache: CacheService,
  ) {}

  private show(): object {
    this.cache.addTags(['text']);
    return { text: this.state.text.repeat(500) };
  }

  /** Kept by clients, asked about each time. */
  @Get('asked') @CacheView({ shared: true }) asked(@Query('n') _n?: string): object {
    return this.show();
  }

  /** Used for a minute without asking. */
  @Get('kept') @CacheView({ shared: true, browser: '1m' }) kept(@Query('n') _n?: string): object {
    return this.show();
  }

  @Get('mine') @CacheView({ private: true, browser: '1m' }) mine(@Req() { headers }: FastifyRequest): object {
    return { of: headers.authorization ?? headers.cookie };
  }

  @Get('page') @Header('content-type', 'text/html') page(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.header('cache-control', 'no-store');
    return '<!doctype html><title>client</title>';
  }
}

let app: CachedApp;
/** What reached the server: path, and the status of its answer. */
let seen: string[] = [];

beforeAll(async () => {
  app = await cachedApp({
    caching: {
      view: { user: ({ headers }) => headers.authorization ?? headers.cookie },
    },
    controllers: [Views],
    providers: [State],
  });
  // On the server itself: hits are answered in front of the framework and its hooks.
  const server = app.app.getHttpServer();
  server.prependListener('request', ({ url = '' }, response) => {
    response.once('finish', () => {
      if (!/page|favicon/.test(url)) seen.push(`${url} ${response.statusCode}`);
    });
  });
});
beforeEach(async () => {
  seen = [];
  app.app.get(State).text = 'first';
  await app.cache.evict(['text']);
});
afterAll(closeApps);

const change = async (): Promise<void> => {
  app.app.get(State).text = 'second';
  await app.cache.evict(['text']);
};

interface Client {
  get: (path: string, authorization?: string) => Promise<string>;
  close: () => Promise<unknown> | void;
}

function undici(): Client {
  const store = new cacheStores.MemoryCacheStore();
  const dispatcher = new Agent().compose(interceptors.cache({ store, type: 'shared' }), interceptors.decompress());
  return {
    get: async (path, authorization) => {
      const headers = { 'accept-encoding': 'br', ...(authorization === undefined ? {} : { authorization }) };
      return (await request(app.url + path, { dispatcher, headers })).body.text();
    },
    close: () => dispatcher.close(),
  };
}

function npmClient(): Client {
  const cachePath = mkdtempSync(join(tmpdir(), 'strata-client-'));
  const fetch = makeFetchHappen.defaults({ cachePath, retry: false });
  return {
    get: async (path, authorization) => {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      return (await fetch(app.url + path, { headers })).text();
    },
    close: () => rmSync(cachePath, { recursive: true, force: true }),
  };
}

describe.each([
  // After a 304 with a Cache-Control (RFC 9110 §15.4.5 asks for it) undici 7 gives its copy away and drops it: the third is a 200.
  ['undici’s cache interceptor', undici, [200, 304, 200, 200, 304]],
  ['make-fetch-happen', npmClient, [200, 304, 304, 200, 304]],
])('%s', (_name, create, statuses) => {
  let client: Client;
  beforeEach(() => (client = create()));
  afterEach(() => client.close());

  it('revalidates a stored response each time, and gets a 304 until it changes', async () => {
    const path = `/asked?n=${Math.random()}`;
    const texts = [];
    for (let i = 0; i < 3; i++) texts.push(await client.get(path));
    await change();
    for (let i = 0; i < 2; i++) texts.push(await client.get(path));
    expect(texts.map((text) => /first|second/.exec(text)?.[0])).toEqual([
      'first',
      'first',
      'first',
      'second',
      'second',
    ]);
    expect(seen).toEqual(statuses.map((status) => `${path} ${status}`));
  });

  it('uses unasked what it may', async () => {
    const path = `/kept?n=${Math.random()}`;
    const texts = [await client.get(path), await client.get(path), await client.get(path)];
    expect(new Set(texts).size).toBe(1);
    expect(seen).toEqual([`${path} 200`]);
  });

  it('never gives one user’s response to another', async () => {
    for (let i = 0; i < 3; i++) {
      for (const user of ['Bearer anna', 'Bearer bert']) {
        expect(JSON.parse(await client.get('/mine', user))).toEqual({ of: user });
      }
    }
  });
});

/** What is passed to the browser's own fetch. */
interface BrowserOptions {
  cache?: 'reload' | 'no-cache';
  headers?: Record<string, string>;
}

describe('Chromium', () => {
  needs('chromium');
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  const open = async (): Promise<(path: string, options?: BrowserOptions) => Promise<string>> => {
    const page = await browser.context.newPage();
    await page.goto(`${app.url}/page`);
    return (path, options = {}) =>
      page.evaluate(async ({ path: to, options: how }) => (await fetch(to, how as RequestInit)).text(), {
        path,
        options: options as Record<string, unknown>,
      });
  };

  it('revalidates what it may not reuse; a 304 and a change both give the right page', async () => {
    const get = await open();
    const texts = [await get('/asked?n=c'), await get('/asked?n=c')];
    await change();
    texts.push(await get('/asked?n=c'), await get('/asked?n=c'));
    expect(texts.map((text) => /first|second/.exec(text)?.[0])).toEqual(['first', 'first', 'second', 'second']);
    expect(seen).toEqual([200, 304, 200, 304].map((status) => `/asked?n=c ${status}`));
  });

  it('uses unasked what it may, also in another page; a reload is no way to stampede us', async () => {
    const [get, other] = [await open(), await open()];
    expect(await get('/kept?n=c')).toBe(await other('/kept?n=c'));
    expect(seen).toEqual(['/kept?n=c 200']);
    const loads = await app.ask('/kept?n=c');
    await get('/kept?n=c', { cache: 'reload' });
    await get('/kept?n=c', { cache: 'no-cache' });
    expect(seen.slice(-2)).toEqual(['/kept?n=c 200', '/kept?n=c 304']);
    expect(String(loads.headers['cache-status'])).toContain('hit');
  });

  it('never shows one user’s response to another', async () => {
    const get = await open();
    for (let i = 0; i < 3; i++) {
      for (const user of ['anna', 'bert']) {
        const text = await get('/mine', { headers: { authorization: user } });
        expect(JSON.parse(text)).toEqual({ of: user });
      }
    }
  });
});
