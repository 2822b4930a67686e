import { parseRateTable, rebase } from '../../src/rates/rate-table';
import { RatesClient } from '../../src/rates/rates.client';
import { AppConfig } from '../../src/config';
import { type FakeRatesApi, startFakeRatesApi } from '../support/fake-rates-api';

let api: FakeRatesApi;
beforeAll(async () => {
  api = await startFakeRatesApi();
});
afterAll(() => api.close());

const fetched = (): Promise<unknown> => new RatesClient({ rates: { url: api.url } } as AppConfig).fetch('USD');

it.each([301, 302, 303, 307, 308])('a redirect with %i is refused, and its target is not called', async (status) => {
  api.behave((_request, response) => {
    response.writeHead(status, { location: api.url });
    response.end();
  });
  const before = api.calls();
  await expect(fetched()).rejects.toThrow('redirects are not followed');
  // One call and two retries.
  expect(api.calls() - before).toBe(3);
});

it.each([1e308, 1e10, 1e-10, 0, -1, NaN, '1'])('a rate of %p is refused', (rate) => {
  expect(() => parseRateTable({ base: 'USD', date: '2026-11-20', rates: { EUR: rate } })).toThrow('the rate of EUR');
});

it('so is a table whose rates are good and too far apart', () => {
  const table = parseRateTable({ base: 'EUR', date: '2026-11-20', rates: { USD: 1e-8, JPY: 1e8 } });
  expect(() => rebase(table, 'USD')).toThrow('the rate of JPY');
});

it.each(['', 'yesterday', '+275760-09-13', '2026-13-01', '20'])('a date of %p is refused', (date) => {
  expect(() => parseRateTable({ base: 'USD', date, rates: { EUR: 1 } })).toThrow('date is not a date');
});
