import { anyDatabase } from '../support/backends';
import { ProblemBody } from '../support/client';
import { effort } from '../support/effort';
import { answerJson, Behaviour, FakeRatesApi, startFakeRatesApi } from '../support/fake-rates-api';
import { Service, useService } from '../support/service';
import { ProductJson } from '../products/product';

const TABLE = { base: 'EUR', date: '2026-11-20', rates: { USD: 1.25, GBP: 0.85, JPY: 180 } };

describe('with the shipped table', () => {
  const service = useService(anyDatabase);

  it('converts, and says that the rates are the shipped ones', async () => {
    const plain = (await service.get<ProductJson>('/api/products/1')).body;
    const { body } = await service.get<ProductJson>('/api/products/1?currency=EUR');
    expect(body).toEqual({
      ...plain,
      currency: 'EUR',
      price: Number((plain.price * 0.852).toFixed(2)),
      exchange: { rate: 0.852, as_of: '2026-01-02', source: 'shipped' },
    });
    expect((await service.get('/api/rates')).body).toMatchObject({ base: 'USD', source: 'shipped' });
  });

  it('a currency in the catalogue’s own is itself', async () => {
    const plain = (await service.get<ProductJson>('/api/products/1')).body;
    expect((await service.get<ProductJson>('/api/products/1?currency=USD')).body).toMatchObject({
      price: plain.price,
      exchange: { rate: 1 },
    });
  });

  it.each(['XXX', 'eur', 'EURO', '__proto__', ''])('currency %j is a 400 that names it', async (currency) => {
    const answer = await service.get<ProblemBody>(`/api/products/1?currency=${currency}`);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ in: 'query', name: 'currency' }] } });
  });
});

describe('with a rates API, asked each time', () => {
  let api: FakeRatesApi;
  const service: Service = useService(async () => {
    api = await startFakeRatesApi();
    const backend = await anyDatabase(10_000);
    return { ...backend, env: { ...backend.env, RATES_URL: api.url, CACHE_LAYERS: 'none' } };
  });
  afterAll(() => api.close());

  it('rebases its table to the currency of the catalogue', async () => {
    api.behave(answerJson(TABLE));
    const { body } = await service.get('/api/rates');
    expect(body).toEqual({
      base: 'USD',
      as_of: '2026-11-20',
      source: 'api',
      rates: { USD: 1, EUR: 0.8, GBP: 0.68, JPY: 144 },
    });
  });

  it('tries again after a failure', async () => {
    api.behave((request, response, call) =>
      call === 1 ? response.writeHead(500).end() : answerJson(TABLE)(request, response, call),
    );
    expect((await service.get<ProductJson>('/api/products/1?currency=GBP')).body.exchange?.rate).toBe(0.68);
    expect(api.calls()).toBe(2);
  });

  const behaviours: [string, Behaviour][] = [
    ['an error', answerJson({ error: 'secret internals' }, 500)],
    ['a text', (_request, response) => response.end('<html>')],
    ['nothing, for ever', () => undefined],
    ['a broken connection', (request) => request.socket.destroy()],
    ['no base', answerJson({ ...TABLE, base: undefined })],
    ['no rates', answerJson({ ...TABLE, rates: {} })],
    ['a rate of zero', answerJson({ ...TABLE, rates: { USD: 0 } })],
    ['a rate in text', answerJson({ ...TABLE, rates: { USD: '1.2' } })],
    ['a table without our currency', answerJson({ ...TABLE, rates: { GBP: 1 } })],
    ['a megabyte', answerJson({ ...TABLE, padding: 'x'.repeat(2 ** 20) })],
    ['a null', answerJson(null)],
  ];
  const slow: [string, Behaviour][] = [
    ['half an answer', (_request, response) => response.writeHead(200).write('{"base":')],
  ];
  it.each([...behaviours, ...effort([], slow)])(
    'that sends %s: 503, and nothing of its answer leaks',
    async (_what, behaviour) => {
      api.behave(behaviour);
      const answer = await service.get<ProblemBody>('/api/products/1?currency=EUR');
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('10');
      expect(answer.text).not.toContain('secret');
      expect(api.calls()).toBe(3);
    },
  );

  it('prices without conversion do not ask it', async () => {
    api.behave(() => undefined);
    expect((await service.get('/api/products/1')).status).toBe(200);
    expect(api.calls()).toBe(0);
  });
});

describe('with a rates API behind the cache', () => {
  let api: FakeRatesApi;
  const service: Service = useService(async () => {
    api = await startFakeRatesApi();
    const backend = await anyDatabase(10_000);
    // With time for proofs: on a busy machine trust could end for a moment, and the rates be fetched again.
    return { ...backend, env: { ...backend.env, RATES_URL: api.url, CACHE_MAX_LAG: '60s' } };
  });
  afterAll(() => api.close());

  it('asks it once for all products and currencies', async () => {
    api.behave(answerJson(TABLE));
    for (const path of ['/api/products/1?currency=EUR', '/api/products/2?currency=GBP', '/api/rates']) {
      expect((await service.get(path)).status).toBe(200);
    }
    expect(api.calls()).toBe(1);
  });
});
