import { setTimeout as pause } from 'node:timers/promises';
import { type CachingOptions } from '../../src/caching';
import { AppConfig } from '../../src/config';
import { RatesController } from '../../src/rates/rates.controller';
import { RatesModule, RatesService } from '../../src/rates';
import { answerJson, type FakeRatesApi, startFakeRatesApi } from '../support/fake-rates-api';
import { cacheStatus } from '../support/http';
import { type CachedApp, cachedApp, closeApps } from '../support/nest-app';

const TABLE = { base: 'USD', date: '2026-11-20', rates: { EUR: 0.5 } };

let api: FakeRatesApi;
beforeAll(async () => {
  api = await startFakeRatesApi();
});
afterAll(async () => {
  await closeApps();
  await api.close();
});

/** The real module on a fake API: its rates are fresh for ten minutes, so they are evicted by name. */
function start(layers: CachingOptions['layers']): Promise<CachedApp> {
  const config = { provide: AppConfig, useValue: { rates: { url: api.url } } };
  const withConfig = { module: class ConfigForTests {}, global: true, providers: [config], exports: [config] };
  return cachedApp({
    caching: { layers, backOff: { initialDelay: 1, maxDelay: 1 } },
    imports: [withConfig, RatesModule],
  });
}

const expire = (app: CachedApp): Promise<void> => app.cache.evict(['@key:query:RatesService.rates()']);

it('with the API dead, everybody gets the last good rates, marked; with it back, new ones', async () => {
  api.behave(answerJson(TABLE));
  const app = await start(['view', 'query']);
  expect(app.app.get(RatesController)).toBeDefined();
  const first = await app.ask('/api/rates');
  expect(JSON.parse(first.body.toString())).toMatchObject({ as_of: '2026-11-20', rates: { EUR: 0.5 } });
  expect(cacheStatus(await app.ask('/api/rates'))).toMatch(/^strata; hit/);
  expect(api.calls()).toBe(1);

  api.behave(answerJson({}, 500));
  await expire(app);
  for (let i = 0; i < 3; i++) {
    const answer = await app.ask('/api/rates');
    expect([answer.status, answer.body.equals(first.body)]).toEqual([200, true]);
    expect(answer.headers['cache-status']).toBe('strata; fwd=uri-miss; detail=grace');
    expect(await app.app.get(RatesService).rateOf('EUR')).toMatchObject({ rate: 0.5 });
  }
  expect(api.calls()).toBeGreaterThan(0);

  api.behave(answerJson({ ...TABLE, date: '2026-11-23', rates: { EUR: 0.6 } }));
  await pause(20);
  expect(JSON.parse((await app.ask('/api/rates')).body.toString())).toMatchObject({ rates: { EUR: 0.6 } });
  expect(cacheStatus(await app.ask('/api/rates'))).toMatch(/^strata; hit/);
});

it('a first request with the API dead is refused, and the refusal is not kept', async () => {
  api.behave(answerJson({}, 500));
  const app = await start(['view', 'query']);
  expect((await app.ask('/api/rates')).status).toBe(503);
  api.behave(answerJson(TABLE));
  expect((await app.ask('/api/rates')).status).toBe(200);
});

it('without the layers each request asks the API', async () => {
  api.behave(answerJson(TABLE));
  const app = await start([]);
  for (let i = 0; i < 3; i++) expect((await app.ask('/api/rates')).headers['x-cache']).toBe('BYPASS');
  expect(api.calls()).toBe(3);
});
