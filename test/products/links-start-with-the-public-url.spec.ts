import { anyDatabase } from '../support/backends';
import { tokenFor } from '../support/client';
import { useService } from '../support/service';
import { KETTLE, type PageJson, type ProductJson } from './product';

const BASE = 'https://shop.example/v1';
const service = useService(anyDatabase, { PUBLIC_URL: `${BASE}/` });

it('links to pages, by number and by cursor, and the Location of a new product', async () => {
  for (const path of ['/api/products?page=2', '/api/products?cursor=*', '/api/products/featured']) {
    const { next } = (await service.get<PageJson>(path)).body;
    expect(next).toMatch(/^https:\/\/shop\.example\/v1\/api\/products/);
    expect((await service.get(next!.slice(BASE.length))).status).toBe(200);
  }
  const token = tokenFor('eve', 'editor');
  const { headers, body } = await service.send<ProductJson>('POST', '/api/products', { token, json: KETTLE });
  expect(headers.get('location')).toBe(`${BASE}/api/products/${body.id}`);
});
