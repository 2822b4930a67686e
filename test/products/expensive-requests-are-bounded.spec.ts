import { onPostgres } from '../support/backends';
import { type Answer, type ProblemBody, tokenFor } from '../support/client';
import { eventually } from '../support/eventually';
import { useService } from '../support/service';
import { sql } from '../support/sql';
import { type PageJson } from './product';

onPostgres((open) => {
  const service = useService(open);
  const token = tokenFor('eve', 'editor');
  /** Words that were searched for while searches were fast. */
  const CACHED = 'copper';
  const search = (word: string): Promise<Answer<ProblemBody>> => service.get(`/api/products?search=${word}`);

  /** Statements of searches that run now. */
  async function running(): Promise<number> {
    const rows = await sql<{ n: string }>(
      service.databaseUrl(),
      `SELECT count(*) AS n FROM pg_stat_activity
       WHERE datname = current_database() AND state = 'active' AND query LIKE '%product_search_pattern%'
         AND pid <> pg_backend_pid()`,
    );
    return Number(rows[0]?.n);
  }

  beforeAll(async () => {
    await search(CACHED);
    // As a search is on a catalogue that is much larger: minutes for each.
    await sql(
      service.databaseUrl(),
      `CREATE OR REPLACE FUNCTION product_search_pattern(before text, word text) RETURNS text LANGUAGE plpgsql VOLATILE AS
       $slow$ BEGIN PERFORM pg_sleep(0.1); RETURN '%no-such-word%'; END $slow$`,
    );
  });

  it('a flood of searches leaves details, pages, writes and readiness as they are', async () => {
    let done = false;
    const flood = Promise.all(Array.from({ length: 30 }, (_, n) => search(`flood${n}`))).finally(() => (done = true));
    await eventually(async () => (await running()) > 0);
    const rename = { token, json: { name: 'Copper Pan' } };
    expect((await service.send('PATCH', '/api/products/9', rename)).status).toBe(200);
    const stale = search(CACHED);
    let most = 0;
    for (let id = 1; !done; id += 1) {
      most = Math.max(most, await running());
      const answers = await Promise.all([
        service.get(`/api/products/${id}`),
        service.get(`/api/products?page=${1 + (id % 100)}`),
        service.get('/health/ready'),
        service.send('PATCH', `/api/products/${id}`, { token, json: { stock: 1_000 + id } }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    }
    expect(most).toBeLessThanOrEqual(2);
    for (const { status, headers, body } of await flood) {
      expect({ status, body }).toMatchObject({ status: 503 });

      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    // A database that is too busy is a source that fails.
    const { status, headers } = await stale;
    expect([status, headers.get('x-cache')]).toEqual([200, 'STALE']);
    expect(headers.get('cache-status')).toContain('detail=grace');
    // Nothing of it goes on behind.
    await eventually(async () => (await running()) === 0);
  });

  it('what was too slow is refused at once for a moment, and says what would help', async () => {
    const first = await search('slow');
    expect(first).toMatchObject({ status: 503 });
    expect(first.body.detail).toMatch(/narrow/);
    const again = await search('slow');
    expect(again).toMatchObject({ status: 503 });
    expect(again.headers.get('retry-after')).toBe('10');
    expect(await running()).toBe(0);
  });

  it('no page past the last is looked for, and the count comes first', async () => {
    const { status, body } = await service.get<ProblemBody>('/api/products?page=1000000');
    expect({ status, detail: body.detail }).toMatchObject({ status: 404 });
    expect((await service.get<PageJson>('/api/products?category=none-such&ordering=name')).body.count).toBe(0);
  });
});
