import { CACHE_MANAGER, type Cache } from '@nestjs/cache-manager';
import { Controller, Get, Injectable } from '@nestjs/common';
import { CacheQuery, CacheView } from '../../../../src/caching';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

@Injectable()
class Prices {
  @CacheQuery({ key: () => 'all' }) async find(): Promise<number[]> {
    return Promise.resolve([1]);
  }
}

@Controller('prices')
class PricesController {
  @CacheView() @Get() list(): number[] {
    return [1];
  }
}

let app: CachedApp;
let keys: string[];
const load = () => Promise.resolve({ body: 'of the application' });
beforeAll(async () => {
  app = await cachedApp({ providers: [Prices], controllers: [PricesController] });
  await app.app.get<Cache>(CACHE_MANAGER, { strict: false }).set('mine', 1);
  await app.app.get(Prices).find();
  await app.ask('/prices');
  keys = (await app.cache.entries({})).entries.map(({ key }) => key);
});
afterAll(() => closeApps());

it.each([/^view:/, /^query:/, /^app:/])('CacheService refuses a key as %s by name', async (begin) => {
  const key = keys.find((each) => begin.test(each))!;
  const refusal = { code: 'CACHE_KEY', message: expect.stringContaining(JSON.stringify(key)) as string };
  await expect(app.cache.getOrLoad(key, {}, load)).rejects.toMatchObject(refusal);
  await expect(app.cache.getOrLoadMany(['right', key], {}, () => Promise.resolve(new Map()))).rejects.toMatchObject(
    refusal,
  );
  expect((await app.cache.entry(key))?.key).toBe(key);
});

it('and so is a key of the entity cache', async () => {
  await expect(app.cache.getOrLoad('entity:product:1', {}, load)).rejects.toMatchObject({ code: 'CACHE_KEY' });
});

it('CACHE_MANAGER takes any key: its own begin otherwise', async () => {
  const manager = app.app.get<Cache>(CACHE_MANAGER, { strict: false });
  for (const key of keys) {
    await manager.set(key, 'of the application');
    await manager.wrap(`${key}!`, () => 'of the application');
  }
  expect(await app.app.get(Prices).find()).toEqual([1]);
  expect(String((await app.ask('/prices')).body)).toBe('[1]');
});

it('keys of the application that begin almost so are its own', async () => {
  for (const key of ['view', 'queries:1', 'entity-1', 'my:view:1']) {
    expect((await app.cache.getOrLoad(key, {}, load)).entry.body).toBe('of the application');
  }
});
