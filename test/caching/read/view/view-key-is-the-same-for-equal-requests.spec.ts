import {
  Controller,
  Get,
  type INestApplication,
  Param,
  Query,
  ValidationPipe,
  Version,
  VersioningType,
} from '@nestjs/common';
import { CacheView } from '../../../../src/caching';
import { UrlKeyCache } from '../../../../src/caching/read/view/route/url-key-cache';
import { IntegerParam, PlainText, SizedPageQuery } from '../../../../src/http';
import { IsOptional } from 'class-validator';
import { cacheStatus } from '../../../support/http';
import { CachedApp, cachedApp, closeApps } from '../../../support/nest-app';
import { Wrapped } from '../../../support/wrapped';

class Search extends SizedPageQuery {
  @IsOptional() @PlainText(1, 1_000) search?: string;
}

class Id {
  @IntegerParam(1, 1_000) id!: number;
}

@Controller('things')
class Things {
  @Get() @CacheView() list(@Query() query: Search): object {
    return { ...query };
  }

  @Get('by-header') @CacheView({ vary: ['Accept-Language'] }) byHeader(): object {
    return { by: 'header' };
  }

  @Get('one') @CacheView() one(@Query('a') a?: string, @Query('b') b?: string): object {
    return { a, b };
  }

  @Get('wrapped') @CacheView() @Wrapped wrapped(@Query() query: Search): object {
    return { ...query };
  }

  @Get(':id') @CacheView() get(@Param() { id }: Id): object {
    return { id };
  }
}

@Controller('versions')
class Versions {
  @Get() @Version('1') @CacheView() first(): object {
    return { version: 1 };
  }

  @Get() @Version('2') @CacheView() second(): object {
    return { version: 2 };
  }
}

@Controller({ path: 'host', host: ':shop.example.com' })
class Hosts {
  @Get() @CacheView() shop(): object {
    return { answered: Math.random() };
  }
}

afterAll(closeApps);

let app: CachedApp;
beforeAll(async () => {
  app = await cachedApp({
    controllers: [Things, Versions, Hosts],
    prepare: (nest: INestApplication) =>
      nest
        .useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }))
        .enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
  });
});

const keys = async (): Promise<string[]> =>
  (await app.cache.entries({ prefix: 'view:', limit: 1_000 })).entries.map(({ key }) => key).sort();

beforeEach(() => app.cache.clear());

it('however a request is written, it is one entry', async () => {
  const spellings = [
    '/things',
    '/things/',
    '/things?',
    '/things?page=1',
    '/things?page=01',
    '/things?page_size=50&page=1',
    '/things?page=0001&page_size=050',
    '/things/?page_size=%35%30&page=1',
    '/things?&page=1&',
    // The transformer leaves out what could be no property.
    '/things?__proto__=1',
    '/things?constructor=1',
  ];
  const answers = [];
  for (const spelling of [...spellings, ...spellings]) answers.push(await app.ask(spelling));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(answers.map(cacheStatus).filter((status) => status.includes('uri-miss'))).toHaveLength(1);
  expect(await keys()).toHaveLength(1);
});

it('a handler that another decorator wraps has the same inputs', async () => {
  for (const query of ['', '?page=1', '?page=01', '?page=2', '?search=a']) {
    const [own, wrapped] = await Promise.all([app.ask(`/things${query}`), app.ask(`/things/wrapped${query}`)]);
    expect([wrapped.status, wrapped.body.toString()]).toEqual([200, own.body.toString()]);
  }
  const names = (await keys()).map((key) => key.replace('/wrapped', ''));
  expect(new Set(names).size).toBe(3);
  expect(names).toHaveLength(6);
  expect((await app.ask('/things/wrapped?unknown=1')).status).toBe(400);
});

it('what differs in meaning differs in key', async () => {
  const addresses = ['/things', '/things?page=2', '/things?search=1', '/things?search=%22', '/things?page_size=2'];
  addresses.push('/things/1', '/things/2', '/things/one', '/things/one?a=1', '/things/one?b=1', '/things/one?a=1&b=1');
  addresses.push('/things/one?a=', '/things/one?a=%22%2C%22b%22%3A%221');
  for (const address of addresses) expect(cacheStatus(await app.ask(address))).toContain('uri-miss');
  expect(await keys()).toHaveLength(addresses.length);
});

it.each(['/things?page=0', '/things?page=x', '/things?page=1&page=2', '/things?unknown=1', '/things/0', '/things/abc'])(
  '%s is a 400 and makes no key',
  async (address) => {
    for (let i = 0; i < 2; i++) expect((await app.ask(address)).status).toBe(400);
    expect(await keys()).toEqual([]);
  },
);

it('HEAD gets the headers of GET, whichever comes first', async () => {
  const get = await app.ask('/things');
  const head = await app.ask('/things', { method: 'HEAD' });
  expect(cacheStatus(head)).toMatch(/^strata; hit/);
  expect(head.body).toHaveLength(0);
  expect(head.headers).toMatchObject({ etag: get.headers.etag, 'content-length': String(get.body.length) });
  expect(cacheStatus(await app.ask('/things/7', { method: 'HEAD' }))).toContain('stored');
  expect(JSON.parse((await app.ask('/things/7')).body.toString())).toEqual({ id: 7 });
  expect(await keys()).toHaveLength(2);
});

it('declared headers are part of the key, and of Vary', async () => {
  for (const language of ['de', 'en', 'de']) {
    const answer = await app.ask('/things/by-header', { headers: { 'accept-language': language } });
    expect(answer.headers.vary).toContain('accept-language');
  }
  expect(await keys()).toHaveLength(2);
});

it('versions and hosts that share a URL share no response', async () => {
  for (let i = 0; i < 4; i++) {
    for (const version of [1, 2]) {
      const answer = await app.ask('/versions', { headers: { 'x-version': String(version) } });
      expect(JSON.parse(answer.body.toString())).toEqual({ version });
    }
  }
  const hosts = ['a.example.com', 'b.example.com', 'a.example.com', 'b.example.com'];
  const answers = [];
  for (const host of hosts) answers.push((await app.ask('/host', { headers: { host } })).body.toString());
  expect(answers.slice(2)).toEqual(answers.slice(0, 2));
  expect(answers[0]).not.toBe(answers[1]);
});

it('a key is as long as it has to be, and no longer than 200 characters', async () => {
  const long = ['a', 'b'].map((letter) => `/things?search=${letter.repeat(999)}`);
  for (const address of [...long, ...long]) expect((await app.ask(address)).status).toBe(200);
  const made = await keys();
  expect(made).toHaveLength(2);
  for (const key of made) expect(key.length).toBeLessThanOrEqual(200);
});

it('the table of known addresses is bounded, also by addresses that are long', () => {
  const urls = new UrlKeyCache();
  const known = {
    route: undefined as never,
    pattern: '/things',
    handler: undefined,
    urlKey: 'k'.repeat(200),
  };
  for (let i = 0; i < 100_000; i++) urls.remember(`/things?search=${i}`, known);
  const kept = Array.from({ length: 100_000 }, (_, i) => urls.get(`/things?search=${i}`)).filter(Boolean).length;
  expect(kept).toBeGreaterThan(1_000);
  expect(kept * (200 + 20)).toBeLessThan(4 * 1024 * 1024);
  urls.remember('/' + 'x'.repeat(5_000), known);
  expect(urls.get('/' + 'x'.repeat(5_000))).toBeUndefined();
});
