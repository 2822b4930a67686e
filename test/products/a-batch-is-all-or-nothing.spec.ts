import { Client } from 'pg';
import { embedded, onEveryBackend } from '../support/backends';
import { Answer, ProblemBody, tokenFor } from '../support/client';
import { useService } from '../support/service';
import { KETTLE, PageJson, ProductJson } from './product';

interface Batched {
  created: ProductJson[];
  patched: ProductJson[];
  deleted: number[];
}

const token = tokenFor('eve', 'editor');

onEveryBackend((open) => {
  const service = useService(open);
  const batch = <T = Batched>(json: unknown): Promise<Answer<T>> =>
    service.send<T>('POST', '/api/products/batch', { token, json });
  const one = (id: number): Promise<Answer<ProductJson>> => service.get<ProductJson>(`/api/products/${id}`);

  it('adds, changes and deletes, and every cached page knows at once', async () => {
    const before = (await service.get<PageJson>('/api/products')).body.count;
    const [{ body: seven }] = [await one(7), await one(8), await one(9)];
    const create = [1, 2, 3].map((n) => ({ ...KETTLE, name: `Batch ${n}`, category: 'batched' }));
    const { status, body } = await batch({ create, patch: [{ id: 7, stock: 77, price: 0.07 }], delete: [9, 8] });
    expect(status).toBe(200);
    expect(body.created.map(({ name }) => name)).toEqual(['Batch 1', 'Batch 2', 'Batch 3']);
    expect(body.patched).toEqual([{ ...seven, stock: 77, price: 0.07, updated_at: body.patched[0]?.updated_at }]);
    expect(body.deleted).toEqual([9, 8]);
    expect((await one(7)).body).toEqual(body.patched[0]);
    expect((await one(8)).status).toBe(404);
    expect((await one(body.created[2]?.id ?? 0)).body).toEqual(body.created[2]);
    expect((await service.get<PageJson>('/api/products')).body.count).toBe(before + 1);
    expect((await service.get<PageJson>('/api/products?category=batched')).body.count).toBe(3);
  });

  it('takes a thousand, and not one more', async () => {
    const create = Array.from({ length: 1_000 }, (_, n) => ({
      ...KETTLE,
      name: `Of a thousand ${n}`,
      category: 'thousand',
    }));
    const refused = await batch<ProblemBody>({ create, delete: [1] });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ in: 'body', name: 'create' }] } });
    const { status, body } = await batch({ create });
    expect(status).toBe(200);
    expect(body.created.map(({ name }) => name)).toEqual(create.map(({ name }) => name));
    expect((await service.get<PageJson>('/api/products?category=thousand')).body.count).toBe(1_000);
    const patch = body.created.map(({ id }, n) => ({ id, stock: n }));
    const patched = await batch({ patch });
    expect(patched.body.patched.map(({ id, stock }) => ({ id, stock }))).toEqual(patch);
    expect((await one(patch[999]?.id ?? 0)).body.stock).toBe(999);
  });

  it('does nothing where one product is not there, and names it', async () => {
    const before = await one(20);
    const { status, body } = await batch<ProblemBody>({
      create: [{ ...KETTLE, category: 'never' }],
      patch: [
        { id: 20, stock: 1 },
        { id: 2_000_000_000, stock: 1 },
      ],
      delete: [21, 2_000_000_001],
    });
    expect(status).toBe(404);
    expect(body.errors?.map(({ name }) => name)).toEqual(['patch.1.id', 'delete.1']);
    expect((await one(20)).body).toEqual(before.body);
    expect((await one(21)).status).toBe(200);
    expect((await service.get<PageJson>('/api/products?category=never')).body.count).toBe(0);
  });

  it.each<[string, unknown, string]>([
    ['nothing', {}, 'create'],
    ['three empty lists', { create: [], patch: [], delete: [] }, 'create'],
    ['a list that is none', { create: KETTLE }, 'create'],
    ['a null in a list', { patch: [null] }, 'patch'],
    ['a wrong field', { create: [KETTLE, { ...KETTLE, price: -1 }] }, 'create.1.price'],
    ['an unknown field', { patch: [{ id: 1, colour: 'red' }] }, 'patch.0.colour'],
    ['an inherited name', { patch: [{ id: 1, toString: 'red' }] }, 'patch.0.toString'],
    ['a null field', { patch: [{ id: 1, name: null }] }, 'patch.0.name'],
    ['a patch without an id', { patch: [{ stock: 1 }] }, 'patch.0.id'],
    ['an id that is none', { delete: ['1'] }, 'delete'],
    ['a product twice', { delete: [1, 1] }, 'delete'],
    [
      'a product patched twice',
      {
        patch: [
          { id: 1, stock: 1 },
          { id: 1, stock: 2 },
        ],
      },
      'patch',
    ],
    ['a product patched and deleted', { patch: [{ id: 1, stock: 1 }], delete: [1] }, 'delete'],
    ['an unknown list', { update: [] }, 'update'],
    ['a hundred thousand ids', { delete: Array.from({ length: 100_000 }, (_, id) => id + 1) }, 'delete'],
  ])('%s is a 400 that names it', async (_what, json, name) => {
    const { status, body } = await batch<ProblemBody>(json);
    expect(status).toBe(400);
    expect(body.errors?.map((error) => error.name)).toContain(name);
  });

  it('a value that no column holds is a 400, and nothing is done', async () => {
    await batch({ patch: [{ id: 30, stock: 5 }] });
    expect(
      (
        await batch({
          patch: [
            { id: 30, stock: 6 },
            { id: 31, price: 1e300 },
          ],
        })
      ).status,
    ).toBe(400);
    expect((await one(30)).body.stock).toBe(5);
  });

  if (open === embedded) return;

  it('is one transaction: other sessions see all of it or nothing', async () => {
    const client = new Client({ connectionString: service.databaseUrl() });
    await client.connect();
    const create = Array.from({ length: 3 }, (_, n) => ({ ...KETTLE, name: `One ${n}` }));
    await service.send('POST', '/api/products/batch', {
      token,
      json: { create, patch: [{ id: 1, stock: 1 }], delete: [2] },
    });
    const { rows } = await client.query<{ n: string }>(
      `SELECT count(DISTINCT xmin::text) AS n FROM products WHERE id = 1 OR name LIKE 'One %'`,
    );
    await client.end();
    expect(rows).toEqual([{ n: '1' }]);
  });
});
