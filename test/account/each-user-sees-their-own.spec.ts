import { onEveryBackend } from '../support/backends';
import { Answer, tokenFor } from '../support/client';
import { useService } from '../support/service';
import { KETTLE, PageJson, ProductJson } from '../products/product';

interface DashboardJson extends PageJson<ProductJson & { watched_at: string }> {
  user: string;
  summary: { watched: number; in_stock: number; total_price: number };
}

onEveryBackend((open) => {
  const service = useService(open);

  const dashboard = (user: string, query = ''): Promise<Answer<DashboardJson>> =>
    service.get<DashboardJson>(`/api/me/dashboard${query}`, { token: tokenFor(user) });
  const watch = (user: string, id: number): Promise<Answer> =>
    service.send('PUT', `/api/me/watchlist/${id}`, { token: tokenFor(user) });
  const unwatch = (user: string, id: number): Promise<Answer> =>
    service.send('DELETE', `/api/me/watchlist/${id}`, { token: tokenFor(user) });

  it('needs a signed-in user', async () => {
    expect((await service.get('/api/me/dashboard')).status).toBe(401);
    expect((await service.send('PUT', '/api/me/watchlist/1')).status).toBe(401);
    expect((await service.send('DELETE', '/api/me/watchlist/1')).status).toBe(401);
  });

  it('shows what the user watches, newest first, and what it adds up to', async () => {
    for (const id of [7, 5, 9]) expect((await watch('alice', id)).status).toBe(204);
    const { body, headers } = await dashboard('alice');
    expect(body.user).toBe('alice');
    expect(body.results.map(({ id }) => id)).toEqual([9, 5, 7]);
    expect(body.summary).toEqual({
      watched: 3,
      in_stock: body.results.filter(({ stock }) => stock > 0).length,
      total_price: Number(body.results.reduce((sum, { price }) => sum + price, 0).toFixed(2)),
    });
    expect(headers.get('cache-control')).toContain('private');
  });

  it("never shows one user's list to another", async () => {
    await watch('bert', 11);
    expect((await dashboard('bert')).body.results.map(({ id }) => id)).toEqual([11]);
    expect((await dashboard('nobody-yet')).body).toMatchObject({ count: 0, results: [], user: 'nobody-yet' });
  });

  it('watching twice is watching once; not watching twice as well', async () => {
    await watch('cleo', 3);
    expect((await watch('cleo', 3)).status).toBe(204);
    expect((await dashboard('cleo')).body.count).toBe(1);
    expect((await unwatch('cleo', 3)).status).toBe(204);
    expect((await unwatch('cleo', 3)).status).toBe(204);
    expect((await dashboard('cleo')).body.count).toBe(0);
  });

  it('refuses to watch what is not there', async () => {
    expect((await watch('alice', 2_000_000_000)).status).toBe(404);
    expect((await watch('alice', 0)).status).toBe(400);
  });

  it('a product that goes takes its lines along', async () => {
    const editor = tokenFor('eve', 'editor');
    const { body } = await service.send<ProductJson>('POST', '/api/products', { token: editor, json: KETTLE });
    await watch('dora', body.id);
    await service.send('DELETE', `/api/products/${body.id}`, { token: editor });
    expect((await dashboard('dora')).body.count).toBe(0);
  });

  it('comes in pages', async () => {
    for (let id = 1; id <= 60; id++) await watch('emil', id);
    const first = await dashboard('emil');
    expect(first.body.results).toHaveLength(50);
    expect(first.body.next).toBe('/api/me/dashboard?page=2');
    expect((await dashboard('emil', '?page=2')).body.results).toHaveLength(10);
    expect((await dashboard('emil', '?page=3')).status).toBe(404);
  });
});
