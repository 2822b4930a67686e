import { onPostgres } from '../support/backends';
import { tokenFor } from '../support/client';
import { eventually } from '../support/eventually';
import { useService } from '../support/service';
import { sql } from '../support/sql';

interface Dashboard {
  summary: { watched: number };
  results: unknown[];
}

/** Products that are on no watchlist at first. */
const FIRST = 2_000_000;
const PRODUCTS = 510;

onPostgres((open) => {
  const service = useService(open);
  const token = tokenFor('fred');

  const dashboard = async (page: number): Promise<Dashboard> =>
    (await service.get<Dashboard>(`/api/me/dashboard?page=${page}`, { token })).body;
  const watch = async (id: number): Promise<number> =>
    (await service.send('PUT', `/api/me/watchlist/${id}`, { token })).status;
  const lines = (from: number, count: number): Promise<unknown> =>
    sql(
      service.databaseUrl(),
      `INSERT INTO watchlist (user_id, product_id) SELECT 'fred', n FROM generate_series(${from}, ${from + count - 1}) n`,
    );

  beforeAll(async () => {
    await sql(
      service.databaseUrl(),
      `INSERT INTO products (id, name, price, description, category, stock, rating)
       SELECT n, 'watched', 1, '', 'watched', 1, 1 FROM generate_series(${FIRST}, ${FIRST + PRODUCTS - 1}) n`,
    );
    await lines(FIRST, 498);
  });

  it('of eight that come at once where two have room', async () => {
    const ids = Array.from({ length: 8 }, (_, n) => FIRST + 500 + n);
    const statuses = await Promise.all(ids.map(watch));
    expect(statuses.sort()).toEqual([204, 204, 409, 409, 409, 409, 409, 409]);
    expect((await dashboard(1)).summary.watched).toBe(500);
    // What is on the list stays on it, and may be put there again.
    expect(await watch(FIRST)).toBe(204);
  });

  it('counts and shows what another program has added beyond that', async () => {
    await lines(FIRST + 498, 1);
    await eventually(async () => (await dashboard(1)).summary.watched === 501);
    expect((await dashboard(11)).results).toHaveLength(1);
  });
});
