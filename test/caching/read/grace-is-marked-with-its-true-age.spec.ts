import { CACHE_MANAGER, type Cache } from '@nestjs/cache-manager';
import { Controller, Get, Inject, Injectable, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import {
  CacheQuery,
  CacheService,
  type CacheStack,
  CacheView,
  EntityCache,
  field,
  type SelectedRow,
} from '../../../src/caching';
import { CACHE_STACK } from '../../../src/caching/caching.tokens';
import { systemTime } from '../../../src/caching/core/async/time';
import { RowsDefinition } from '../../../src/caching/core/rows/rows-definition';
import { type CachedApp, cachedApp, closeApps } from '../../support/nest-app';

let isBroken = false;
const source = <T>(value: T): Promise<T> =>
  isBroken ? Promise.reject(new Error('connect ECONNREFUSED')) : Promise.resolve(value);

@Injectable()
class Prices {
  readonly rows: EntityCache;

  constructor(@Inject(CACHE_STACK) stack: CacheStack) {
    const definition = new RowsDefinition({
      name: 'price',
      table: 'prices',
      key: { id: 'integer' },
      tag: (id) => `price:${id}`,
      fields: { id: field.integer('id') },
    });
    this.rows = new EntityCache(stack, definition, (): Promise<SelectedRow[]> =>
      source([{ id: '1', json: '{"id":1}' }]),
    );
  }

  @CacheQuery({ ttl: '100s' })
  find(): Promise<object> {
    return source({ price: 1 });
  }

  @CacheQuery({ ttl: '1000s' })
  constant(): Promise<object> {
    return Promise.resolve({ tax: 1 });
  }
}

@Controller()
class Views {
  constructor(private readonly prices: Prices) {}

  @Get('view') @CacheView({ ttl: '100s' }) view(): Promise<object> {
    return source({ price: 1 });
  }

  @Get('query') @CacheView() async query(): Promise<object> {
    return { of: await this.prices.find(), and: await this.prices.constant() };
  }

  @Get('row') @CacheView() async row(): Promise<object> {
    return { of: await this.prices.rows.get(1) };
  }

  /** The view cannot be stored, and is marked all the same. */
  @Get('no-store') @CacheView() async noStore(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    void reply.header('cache-control', 'no-store');
    return this.prices.find();
  }

  @Get('wrapped') @CacheView() async wrapped(): Promise<object> {
    return { of: await manager.wrap('price', () => source(1), 100_000) };
  }
}

let app: CachedApp;
let manager: Cache;
let offset = 0;

beforeAll(() => {
  const { now } = Date;
  jest.spyOn(Date, 'now').mockImplementation(() => now() + offset);
  jest.spyOn(systemTime, 'mono').mockImplementation(() => performance.now() + offset);
});
afterAll(() => jest.restoreAllMocks());
beforeEach(() => void (isBroken = false));
afterEach(closeApps);

const start = async (layers: readonly ('view' | 'query')[]): Promise<void> => {
  app = await cachedApp({ caching: { layers, ttl: '100s' }, controllers: [Views], providers: [Prices] });
  manager = app.app.get<Cache>(CACHE_MANAGER);
};

/** The response after 500 s without a source. */
async function afterAnOutage(path: string) {
  const fresh = await app.ask(path);
  offset += 500_000;
  isBroken = true;
  const answer = await app.ask(path);
  return { fresh, answer };
}

it.each<[string, string, readonly ('view' | 'query')[], RegExp]>([
  ['a view', '/view', ['view', 'query'], /^strata; hit; ttl=-\d+; detail=grace$/],
  ['a query in a view', '/query', ['view', 'query'], /^strata; fwd=uri-miss; detail=grace$/],
  ['a row in a view', '/row', ['view', 'query'], /^strata; fwd=uri-miss; detail=grace$/],
  ['a query in a view that is not stored', '/no-store', ['view', 'query'], /^strata; fwd=bypass; detail=grace$/],
  ['a query with the view layer off', '/query', ['query'], /^strata; fwd=bypass; detail=grace$/],
  ['a row with the view layer off', '/row', ['query'], /^strata; fwd=bypass; detail=grace$/],
  ['a query, not stored, with the view layer off', '/no-store', ['query'], /^strata; fwd=bypass; detail=grace$/],
])('%s from grace: true Age, X-Cache STALE, and Cache-Status', async (_what, path, layers, status) => {
  await start(layers);
  const { fresh, answer } = await afterAnOutage(path);
  expect([answer.status, answer.body.toString()]).toEqual([200, fresh.body.toString()]);
  expect(answer.headers).toMatchObject({
    'x-cache': 'STALE',
    'cache-status': expect.stringMatching(status) as unknown,
  });
  expect(Number(answer.headers['age'])).toBeGreaterThanOrEqual(500);
  expect(Number(answer.headers['age'])).toBeLessThan(530);
});

it('a response without a part from grace has an Age of 0, in each set-up', async () => {
  for (const layers of [['view', 'query'], ['query']] as const) {
    await start(layers);
    for (const path of ['/view', '/query', '/row']) {
      for (let turn = 0; turn < 2; turn += 1) {
        const { headers } = await app.ask(path);
        expect([headers['age'] ?? '0', headers['x-cache'] === 'STALE']).toEqual(['0', false]);
      }
    }
  }
});

it('wrap and get of CACHE_MANAGER never serve a value past its TTL', async () => {
  await start(['view', 'query']);
  await app.ask('/wrapped');
  offset += 500_000;
  isBroken = true;
  expect((await app.ask('/wrapped')).headers['x-cache']).toBe('STALE');
  await app.app.get(CacheService).clear();
  expect((await app.ask('/wrapped')).status).toBe(500);
  await expect(manager.wrap('price', () => source(1))).rejects.toThrow('ECONNREFUSED');
  expect(await manager.get('price')).toBeUndefined();
});
