import { embedded, onEveryBackend } from '../support/backends';
import { ProblemBody, tokenFor } from '../support/client';
import { eventually } from '../support/eventually';
import { useService } from '../support/service';
import { sql } from '../support/sql';
import { KETTLE, PageJson, ProductJson } from './product';

const token = tokenFor('eve', 'editor');

onEveryBackend((open) => {
  const service = useService(open);

  it.each(['PUT', 'PATCH'])('%s takes an object as GET gave it, changed where it may be', async (method) => {
    const [{ body: page }, { body }] = [
      await service.get<PageJson>('/api/products'),
      await service.get<ProductJson>('/api/products/41'),
    ];
    for (const product of [body, page.results[0] as ProductJson]) {
      const path = `/api/products/${product.id}`;
      const changed = { ...product, stock: product.stock + 1 };
      const answer = await service.send<ProductJson>(method, path, { token, json: changed });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ ...changed, updated_at: answer.body.updated_at });
      // From the same base once more: an earlier updated_at is what this product had.
      const again = await service.send<ProductJson>(method, path, { token, json: { ...changed, stock: 3 } });
      expect(again).toMatchObject({ status: 200, body: { stock: 3 } });
    }
  });

  it.each([
    ['id', 43],
    ['created_at', '2020-01-01T00:00:00.000Z'],
    ['updated_at', '2999-01-01T00:00:00.000Z'],
    ['id', '42'],
    ['id', null],
    ['created_at', 'yesterday'],
    ['updated_at', null],
  ])('%s of %j is a 400 that names it, and nothing is written', async (name, value) => {
    const before = await service.get<ProductJson>('/api/products/42');
    for (const method of ['PUT', 'PATCH']) {
      const json = { ...before.body, stock: 9, [name]: value };
      const { status, body } = await service.send<ProblemBody>(method, '/api/products/42', { token, json });
      expect({ status, names: body.errors?.map((error) => error.name) }).toEqual({ status: 400, names: [name] });
    }
    expect((await service.get('/api/products/42')).text).toBe(before.text);
  });

  it('a converted price is not taken back', async () => {
    const { body } = await service.get<ProductJson>('/api/products/42?currency=EUR');
    const answer = await service.send<ProblemBody>('PUT', '/api/products/42', { token, json: body });
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.map(({ name }) => name).sort()).toEqual(['currency', 'exchange']);
  });

  it('updated_at grows with each change, and stands in Last-Modified', async () => {
    const created = await service.send<ProductJson>('POST', '/api/products', { token, json: KETTLE });
    expect(created.body.updated_at).toBe(created.body.created_at);
    const path = `/api/products/${created.body.id}`;
    const changed = await service.send<ProductJson>('PATCH', path, { token, json: { stock: 1 } });
    expect(Date.parse(changed.body.updated_at)).toBeGreaterThanOrEqual(Date.parse(created.body.updated_at));
    for (let round = 0; round < 3; round += 1) {
      const { body, headers } = await service.get<ProductJson>(path);
      expect(body).toEqual(changed.body);
      expect(headers.get('last-modified')).toBe(new Date(changed.body.updated_at).toUTCString());
    }
    const same = await service.send<ProductJson>('PATCH', path, { token, json: { stock: 1 } });
    expect(same.text).toBe(changed.text);
    expect(same.headers.get('last-modified')).toBe(changed.headers.get('last-modified'));
    expect((await service.send<ProductJson>('PATCH', path, { token, json: {} })).text).toBe(changed.text);
  });

  if (open === embedded) return;

  const query = (text: string): Promise<Record<string, unknown>[]> => sql(service.databaseUrl(), text);

  it('updated_at is right for every writer', async () => {
    const before = (await service.get<ProductJson>('/api/products/5')).body;
    await query(`UPDATE products SET stock = stock + 1, updated_at = '2001-01-01' WHERE id = 5`);
    await eventually(async () => (await service.get<ProductJson>('/api/products/5')).body.stock === before.stock + 1);
    const after = (await service.get<ProductJson>('/api/products/5')).body;
    expect(Date.parse(after.updated_at)).toBeGreaterThan(Date.parse(before.updated_at));
    await query(`UPDATE products SET stock = stock WHERE id = 5`);
    expect((await service.get<ProductJson>('/api/products/5')).body.updated_at).toBe(after.updated_at);
  });

  it.each([
    [`UPDATE products SET price = 'NaN' WHERE id = 1`, /products_price_is_a_number/],
    [`UPDATE products SET price = 'Infinity' WHERE id = 1`, /numeric field overflow/],
    [`UPDATE products SET rating = 'NaN' WHERE id = 1`, /products_rating_check/],
    [`UPDATE products SET created_at = 'infinity' WHERE id = 1`, /products_created_at_is_readable/],
    [`UPDATE products SET created_at = '-infinity' WHERE id = 1`, /products_created_at_is_readable/],
    [`UPDATE products SET created_at = '0044-03-15 BC' WHERE id = 1`, /products_created_at_is_readable/],
    [`UPDATE products SET created_at = '10000-01-01' WHERE id = 1`, /products_created_at_is_readable/],
    [`UPDATE products SET created_at = '294276-12-31' WHERE id = 1`, /products_created_at_is_readable/],
    [
      `INSERT INTO products (name, price, description, category, stock, rating, updated_at)
      VALUES ('x', 1, '', 'x', 1, 1, 'infinity')`,
      /products_updated_at_is_readable/,
    ],
    [`INSERT INTO watchlist (user_id, product_id, added_at) VALUES ('ann', 1, 'infinity')`, /watchlist_added_at/],
  ])('%s is refused by the column', async (text, reason) => {
    await expect(query(text)).rejects.toThrow(reason);
  });

  it.each(['0001-01-01 00:00:00+00', '9999-12-31 23:59:59.999+00'])('%s can be stored and read', async (date) => {
    await query(`UPDATE products SET created_at = '${date}' WHERE id = 2`);
    const at = date
      .replace(' ', 'T')
      .replace('+00', '')
      .replace(/(:\d\d)$/, '$1.000');
    await eventually(async () => (await service.get<ProductJson>('/api/products/2')).body.created_at === `${at}Z`);
  });
});
