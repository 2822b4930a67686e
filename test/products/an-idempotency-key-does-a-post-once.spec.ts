import { Client } from 'pg';
import { embedded, onEveryBackend } from '../support/backends';
import { Answer, ProblemBody, tokenFor } from '../support/client';
import { useService } from '../support/service';
import { KETTLE, PageJson, ProductJson } from './product';

const token = tokenFor('eve', 'editor');
let keys = 0;
const newKey = (): string => `test-${process.pid}-${(keys += 1)}`;

onEveryBackend((open) => {
  const service = useService(open);
  const post = <T = ProductJson>(key: string, json: unknown, path = '/api/products', as = token): Promise<Answer<T>> =>
    service.send<T>('POST', path, { token: as, json, headers: { 'idempotency-key': key } });
  const count = async (category: string): Promise<number> =>
    (await service.get<PageJson>(`/api/products?category=${category}`)).body.count;

  it('a repeated POST gets the first response again, and does nothing', async () => {
    const key = newKey();
    const json = { ...KETTLE, category: 'once' };
    const first = await post(key, json);
    expect(first.status).toBe(201);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    await service.send('PATCH', `/api/products/${first.body.id}`, { token, json: { stock: 1 } });
    const again = await post(`"${key}"`, json);
    expect(again.status).toBe(201);
    expect(again.text).toBe(first.text);
    for (const name of ['location', 'etag', 'last-modified']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await count('once')).toBe(1);
  });

  it('of twenty at the same time one is done', async () => {
    const key = newKey();
    const json = { ...KETTLE, category: 'race' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(key, json)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1);
    expect(await count('race')).toBe(1);
  });

  it('holds for reprice and batch', async () => {
    await post(newKey(), { ...KETTLE, category: 'repriced', price: 100 });
    const key = newKey();
    for (let round = 0; round < 2; round += 1) {
      const json = { category: 'repriced', percent: 10 };
      expect((await post(key, json, '/api/products/reprice')).body).toEqual({ updated: 1 });
    }
    const page = await service.get<PageJson>('/api/products?category=repriced');
    expect(page.body.results[0]?.price).toBe(110);
    const batchKey = newKey();
    const json = { create: [{ ...KETTLE, category: 'in-batch' }] };
    const [one, two] = [
      await post(batchKey, json, '/api/products/batch'),
      await post(batchKey, json, '/api/products/batch'),
    ];
    expect(two.text).toBe(one.text);
    expect(await count('in-batch')).toBe(1);
  });

  it('the same key for another request is a 422, and is nothing to another user', async () => {
    const key = newKey();
    await post(key, { ...KETTLE, category: 'mine' });
    const other = await post<ProblemBody>(key, { ...KETTLE, category: 'mine', stock: 1 });
    expect(other).toMatchObject({ status: 422, body: { status: 422 } });
    expect((await post(key, { category: 'mine', percent: 1 }, '/api/products/reprice')).status).toBe(422);
    const ben = tokenFor('ben', 'editor');
    expect((await post(key, { ...KETTLE, category: 'mine', stock: 1 }, '/api/products', ben)).status).toBe(201);
    expect(await count('mine')).toBe(2);
  });

  it('a call that failed leaves its key free', async () => {
    const key = newKey();
    expect((await post(key, { delete: [2_000_000_000] }, '/api/products/batch')).status).toBe(404);
    expect((await post(key, { ...KETTLE, price: -1 })).status).toBe(400);
    expect((await post(key, KETTLE)).status).toBe(201);
  });

  it.each(['""', 'two words', '"half', 'x'.repeat(256), 'caf\u00e9'])('%j is no key, and a 400', async (key) => {
    const { status, body } = await post<ProblemBody>(key, KETTLE);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ in: 'header', name: 'Idempotency-Key' }]);
  });

  if (open === embedded) return;

  it('a key is forgotten after a day, and old ones go as new ones come', async () => {
    const send = (key: string): Promise<Answer<ProductJson>> =>
      service.send('POST', '/api/products', { token, json: KETTLE, headers: { 'idempotency-key': key } });
    const client = new Client({ connectionString: service.databaseUrl() });
    await client.connect();
    await client.query('TRUNCATE idempotency_keys');
    const first = await send('aged');
    for (const key of ['a', 'b', 'c']) await send(key);
    await client.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`);
    const second = await send('aged');
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
    const { rows } = await client.query('SELECT key FROM idempotency_keys');
    await client.end();
    expect(rows).toEqual([{ key: 'aged' }]);
  });
});
