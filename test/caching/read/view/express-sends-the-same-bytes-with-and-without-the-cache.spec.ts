import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CACHE_MANAGER, type Cache } from '@nestjs/cache-manager';
import {
  Controller,
  Get,
  Header,
  Inject,
  Injectable,
  type INestApplication,
  NotFoundException,
  Param,
  Query,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ExpressAdapter, type NestExpressApplication } from 'nest-express';
import { CacheQuery, CacheService, CacheView, CachingModule, type CachingOptions } from '../../../../src/caching';
import { ask, type RawAnswer } from '../../../support/http';

let runs = 0;

@Injectable()
class Shop {
  price = 1;

  @CacheQuery({ tags: () => ['price'] })
  readPrice(): Promise<{ price: number; run: number }> {
    runs += 1;
    return Promise.resolve({ price: this.price, run: runs });
  }
}

@Controller('zoo')
class ZooController {
  constructor(
    private readonly shop: Shop,
    @Inject(CACHE_MANAGER) private readonly manager: Cache,
  ) {}

  @Get('object/:id')
  @CacheView()
  object(@Param('id') id: string, @Query('page') page?: string): object {
    runs += 1;
    return { id, page: page ?? null, name: 'Größe' };
  }

  @Get('text')
  @CacheView()
  text(): string {
    return 'Größe';
  }

  @Get('csv')
  @CacheView()
  @Header('content-type', 'text/csv')
  csv(): string {
    return 'a;b';
  }

  @Get('xml') @CacheView() @Header('content-type', 'application/xml') xml(): string {
    return '<a>Größe</a>';
  }

  @Get('latin') @CacheView() latin(@Res({ passthrough: true }) response: ServerResponse): string {
    response.setHeader('content-type', 'text/plain; Version=1; charset=latin1');
    return 'Größe';
  }

  @Get('json-api') @CacheView() @Header('content-type', 'application/vnd.api+json') jsonApi(): object {
    return { data: [] };
  }

  @Get('bigint') @CacheView() bigint(): bigint {
    return 1n;
  }

  @Get('script') @CacheView() script(): object {
    return { text: '</script><script>alert(1 && 2)' };
  }

  @Get('number')
  @CacheView()
  number(): number {
    return 42;
  }

  @Get('nothing')
  @CacheView()
  nothing(): null {
    return null;
  }

  @Get('bytes')
  @CacheView()
  bytes(): Buffer {
    return Buffer.from('bytes');
  }

  @Get('stream')
  @CacheView()
  stream(): StreamableFile {
    return new StreamableFile(Buffer.from('streamed'));
  }

  @Get('missing')
  @CacheView()
  missing(): never {
    throw new NotFoundException('There is no such animal.');
  }

  @Get('price')
  @CacheView()
  price(): Promise<object> {
    return this.shop.readPrice();
  }

  @Get('managed')
  managed(): Promise<number | undefined> {
    return this.manager.wrap('answer', () => Promise.resolve(42));
  }
}

/** What middleware replaces in Express's response. */
type Replaceable = Record<'json' | 'send', (body: unknown) => unknown>;

interface Running {
  app: INestApplication;
  get: (path: string, headers?: Record<string, string>, method?: string) => Promise<RawAnswer>;
}

const open: INestApplication[] = [];

/** @param caching undefined: the framework alone */
async function start(caching?: CachingOptions, prepare?: (app: NestExpressApplication) => void): Promise<Running> {
  const module = await Test.createTestingModule({
    imports: caching ? [CachingModule.forRoot(caching)] : [],
    controllers: [ZooController],
    providers: [Shop, ...(caching ? [] : [{ provide: CACHE_MANAGER, useValue: undefined }])],
  }).compile();
  const app = module.createNestApplication<NestExpressApplication>(new ExpressAdapter(), { logger: false });
  open.push(app);
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer() as { address: () => AddressInfo };
  const url = `http://127.0.0.1:${server.address().port}`;
  return { app, get: (path, headers = {}, method = 'GET') => ask(url, path, { headers, method }) };
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

/** What a client of the framework alone could rely on. */
const plain = ({ status, headers, body }: RawAnswer): unknown => ({
  status,
  type: headers['content-type'],
  body: body.toString(),
});

const PATHS =
  'object/1 object/1?page=2 text csv xml latin json-api number bigint script nothing bytes stream missing'.split(' ');

it.each(PATHS)('/zoo/%s: miss and hit are what Express sends without the cache', async (path) => {
  const [cached, without] = await Promise.all([start({}), start()]);
  const expected = plain(await without.get(`/zoo/${path}`));
  expect(plain(await cached.get(`/zoo/${path}`))).toEqual(expected);
  expect(plain(await cached.get(`/zoo/${path}`))).toEqual(expected);
});

it('prints JSON as the settings of the application say', async () => {
  const prepare = (app: NestExpressApplication): void => void app.set('json escape', true).set('json spaces', 2);
  const [cached, without] = await Promise.all([start({}, prepare), start(undefined, prepare)]);
  const expected = plain(await without.get('/zoo/script'));
  for (let i = 0; i < 2; i++) expect(plain(await cached.get('/zoo/script'))).toEqual(expected);
});

it.each(['json', 'send'] as const)('what middleware makes of res.%s() holds for misses and hits', async (name) => {
  const prepare = (app: NestExpressApplication): void => {
    app.use((request: IncomingMessage, response: Replaceable, next: () => void) => {
      const original = response[name].bind(response);
      if (request.headers['x-mask']) response[name] = (body) => original(JSON.stringify(body).replace('Größe', '…'));
      next();
    });
  };
  const [cached, without] = await Promise.all([start({}, prepare), start(undefined, prepare)]);
  for (const headers of [{ 'x-mask': '1' }, {}, { 'x-mask': '1' }, {}] as Record<string, string>[]) {
    for (const path of ['/zoo/text', '/zoo/object/1']) {
      expect(plain(await cached.get(path, headers))).toEqual(plain(await without.get(path, headers)));
    }
  }
  expect((await cached.get('/zoo/text')).headers['x-cache']).toBe('HIT');
});

it('a hit runs no handler, is revalidated by its ETag, and serves HEAD without a body', async () => {
  const { get } = await start({});
  const miss = await get('/zoo/object/1');
  const before = runs;
  const hit = await get('/zoo/object/1');
  expect(runs).toBe(before);
  expect([miss.headers['x-cache'], hit.headers['x-cache']]).toEqual(['MISS', 'HIT']);
  expect(hit.headers.etag).toBe(miss.headers.etag);
  const notModified = await get('/zoo/object/1', { 'if-none-match': String(hit.headers.etag) });
  expect([notModified.status, notModified.body.length]).toEqual([304, 0]);
  expect(notModified.headers['content-type']).toBeUndefined();
  const head = await get('/zoo/object/1', {}, 'HEAD');
  expect([head.status, head.body.length, head.headers['content-length']]).toEqual([200, 0, String(hit.body.length)]);
});

it('invalidated tags reach views through the queries that they are made of, and CACHE_MANAGER works', async () => {
  const { app, get } = await start({});
  const price = async (): Promise<unknown> => JSON.parse((await get('/zoo/price')).body.toString());
  const first = await price();
  expect(await price()).toEqual(first);
  app.get(Shop).price = 2;
  await app.get(CacheService).evict(['price']);
  expect(await price()).toMatchObject({ price: 2 });
  expect((await get('/zoo/managed')).body.toString()).toBe('42');
});

it('with the query layer alone, views are made each time from cached queries', async () => {
  const { get } = await start({ layers: ['query'] });
  const [first, second] = [await get('/zoo/price'), await get('/zoo/price')];
  expect(second.body).toEqual(first.body);
  expect(second.headers['x-cache']).toBe('BYPASS');
});
