import { onEveryBackend } from '../support/backends';
import { Answer, ProblemBody, tokenFor } from '../support/client';
import { useService } from '../support/service';
import { KETTLE, PageJson, ProductJson } from './product';

onEveryBackend((open) => {
  const service = useService(open);
  const token = tokenFor('eve', 'editor');

  async function add(): Promise<Answer<ProductJson>> {
    const answer = await service.send<ProductJson>('POST', '/api/products', { token, json: KETTLE });
    expect(answer.status).toBe(201);
    return answer;
  }

  it('adds a product and says where it is', async () => {
    const created = await add();
    expect(created.body).toMatchObject(KETTLE);
    const found = await service.get<ProductJson>(created.headers.get('location') ?? '');
    expect(found.body).toEqual(created.body);
    expect(found.headers.get('etag')).toBe(created.headers.get('etag'));
  });

  it('shows a new product first in the list', async () => {
    const { body } = await add();
    const list = await service.get<PageJson>('/api/products');
    expect(list.body.results[0]).toEqual(body);
  });

  it('PATCH changes the fields it names and no other', async () => {
    const { body } = await add();
    const path = `/api/products/${body.id}`;
    const patched = await service.send<ProductJson>('PATCH', path, { token, json: { stock: 3, price: 0.07 } });
    expect(patched.body).toEqual({ ...body, stock: 3, price: 0.07, updated_at: expect.any(String) as string });
    expect((await service.get(path)).body).toEqual(patched.body);
  });

  it('PUT replaces all fields, and wants them all', async () => {
    const { body } = await add();
    const path = `/api/products/${body.id}`;
    const values = { ...KETTLE, name: 'Iron Kettle', price: 9_999_999_999.99, rating: 0, stock: 0, description: '' };
    const put = await service.send<ProductJson>('PUT', path, { token, json: values });
    expect(put.body).toEqual({
      ...values,
      id: body.id,
      created_at: body.created_at,
      updated_at: expect.any(String) as string,
    });
    const partial = await service.send<ProblemBody>('PUT', path, { token, json: { name: 'Half' } });
    expect(partial.status).toBe(400);
    expect(partial.body.errors?.map(({ name }) => name).sort()).toEqual([
      'category',
      'description',
      'price',
      'rating',
      'stock',
    ]);
    expect((await service.get(path)).body).toEqual(put.body);
  });

  it('DELETE removes the product, once', async () => {
    const { body } = await add();
    const path = `/api/products/${body.id}`;
    expect((await service.send('DELETE', path, { token })).status).toBe(204);
    expect((await service.get(path)).status).toBe(404);
    expect((await service.send('DELETE', path, { token })).status).toBe(404);
  });

  it('money stays exact: what is written is what is read', async () => {
    const { body } = await add();
    for (const price of [0, 0.01, 0.29, 1.1, 19.99, 1005.01, 123_456_789.01, 9_999_999_999.99]) {
      const path = `/api/products/${body.id}`;
      expect((await service.send<ProductJson>('PATCH', path, { token, json: { price } })).body.price).toBe(price);
      expect((await service.get<ProductJson>(path)).body.price).toBe(price);
    }
  });

  describe('If-Match', () => {
    it.each(['PATCH', 'PUT', 'DELETE'])('%s with a stale ETag is 412 and changes nothing', async (method) => {
      const created = await add();
      const path = `/api/products/${created.body.id}`;
      const stale = created.headers.get('etag') ?? '';
      const newer = await service.send<ProductJson>('PATCH', path, { token, json: { stock: 1 } });
      const json = method === 'DELETE' ? undefined : KETTLE;
      const refused = await service.send<ProblemBody>(method, path, { token, json, headers: { 'if-match': stale } });
      expect(refused.status).toBe(412);
      expect(refused.headers.get('etag')).toBe(newer.headers.get('etag'));
      expect((await service.get(path)).body).toEqual(newer.body);
    });

    it('holds with the current ETag, in a list of them, and with *', async () => {
      const created = await add();
      const path = `/api/products/${created.body.id}`;
      let etag = created.headers.get('etag') ?? '';
      for (const [stock, ifMatch] of [
        [1, () => etag],
        [2, () => `"other", ${etag}`],
        [3, () => '*'],
      ] as const) {
        const answer = await service.send('PATCH', path, {
          token,
          json: { stock },
          headers: { 'if-match': ifMatch() },
        });
        expect(answer.status).toBe(200);
        etag = answer.headers.get('etag') ?? '';
      }
    });

    it('never holds with a weak ETag (RFC 9110 §13.1.1)', async () => {
      const created = await add();
      const headers = { 'if-match': `W/${created.headers.get('etag')}` };
      const path = `/api/products/${created.body.id}`;
      expect((await service.send('PATCH', path, { token, json: { stock: 1 }, headers })).status).toBe(412);
    });

    it('lets exactly one of many writers with the same ETag win', async () => {
      const created = await add();
      const headers = { 'if-match': created.headers.get('etag') ?? '' };
      const path = `/api/products/${created.body.id}`;
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, stock) =>
          service.send('PATCH', path, { token, json: { stock: 100 + stock }, headers }),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(412)]);
    });
  });

  it('concurrent PATCHes of different fields are all kept', async () => {
    const { body } = await add();
    const path = `/api/products/${body.id}`;
    const changes = [{ stock: 77 }, { price: 7.77 }, { rating: 1.23 }, { name: 'Seventh' }];
    await Promise.all(changes.map((json) => service.send('PATCH', path, { token, json })));
    expect((await service.get(path)).body).toMatchObject(Object.assign({}, ...changes) as object);
  });

  it('reprice changes every price of the category, rounded to cents, and no other', async () => {
    const before = (await service.get<PageJson>('/api/products?category=music&ordering=price&page_size=200')).body;
    const other = (await service.get('/api/products?category=pets&ordering=price')).body;
    const json = { category: 'music', percent: -12.5 };
    const repriced = await service.send('POST', '/api/products/reprice', { token, json });
    expect(repriced).toMatchObject({ status: 200, body: { updated: before.count } });
    const after = (await service.get<PageJson>('/api/products?category=music&ordering=price&page_size=200')).body;
    const price = new Map(after.results.map((product) => [product.id, product.price]));
    for (const product of before.results.slice(0, 100)) {
      expect(Math.abs((price.get(product.id) ?? NaN) - product.price * 0.875)).toBeLessThanOrEqual(0.0050001);
    }
    expect((await service.get('/api/products?category=pets&ordering=price')).body).toEqual(other);
  });

  it('a reprice that would overflow a price is a 400 and changes nothing', async () => {
    const { body } = await service.send<ProductJson>('POST', '/api/products', {
      token,
      json: { ...KETTLE, category: 'diamonds', price: 9_999_999_999 },
    });
    const json = { category: 'diamonds', percent: 10 };
    const answer = await service.send('POST', '/api/products/reprice', { token, json });
    expect(answer.status).toBe(400);
    expect((await service.get<ProductJson>(`/api/products/${body.id}`)).body.price).toBe(9_999_999_999);
  });

  // With them: writers-name-what-they-evicted.spec.ts.
  it('without Cache-Groups on responses no write names groups', async () => {
    const { status, headers } = await service.send('PATCH', '/api/products/7', { token, json: { price: 7.07 } });
    expect(status).toBe(200);
    expect(headers.get('cache-group-invalidation')).toBeNull();
    expect(headers.get('cache-token')).toMatch(/^[\w.:-]+\.\d+$/);
  });
});
