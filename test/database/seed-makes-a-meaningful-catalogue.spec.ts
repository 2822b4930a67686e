import { DataSource } from 'typeorm';
import { seedProducts } from '../../src/products';
import { effort } from '../support/effort';
import { embedded, onEveryBackend, onPostgres } from '../support/backends';
import { startStrata, runStrata, StrataProcess } from '../support/strata-process';
import { send } from '../support/client';
import { sql } from '../support/sql';
import { PageJson } from '../products/product';

interface Stats {
  count: number;
  categories: { category: string; count: number; min_price: number; max_price: number; average_rating: number }[];
}

onPostgres((open) => {
  it('the same seed makes the same products, another seed others, and reset starts from empty', async () => {
    const backend = await open();
    const catalogue = async (seed: string): Promise<unknown[]> => {
      const made = await runStrata('cli/seed.js', ['--count', '300', '--seed', seed, '--reset'], backend.env);
      expect(made).toMatchObject({ code: 0 });
      // When a row was written is not of the seed.
      const columns = 'name, price, description, category, stock, rating';
      return sql(backend.env.DATABASE_URL!, `SELECT ${columns} FROM products ORDER BY name, price, description`);
    };
    try {
      const first = await catalogue('7');
      const again = await catalogue('7');
      const other = await catalogue('8');
      expect(again).toEqual(first);
      expect(first).toHaveLength(300);
      expect(other).not.toEqual(first);
    } finally {
      await backend.dispose();
    }
  });

  it('four that begin at once, on an empty table: each adds its products', async () => {
    const backend = await open(1);
    const url = backend.env.DATABASE_URL!;
    const sources = [1, 2, 3, 4].map(() => new DataSource({ type: 'postgres', url }));
    try {
      await sql(url, 'TRUNCATE products RESTART IDENTITY CASCADE');
      await Promise.all(sources.map((source) => source.initialize()));
      await Promise.all(sources.map((source) => seedProducts(source, { count: 5 })));
      const [row] = await sql<{ made: number; indexes: number }>(
        url,
        `SELECT (SELECT count(*)::int FROM products) AS made,
                (SELECT count(*)::int FROM pg_indexes WHERE indexname = 'products_by_created_at') AS indexes`,
      );
      expect(row).toEqual({ made: 20, indexes: 1 });
    } finally {
      await Promise.all(sources.map((source) => source.destroy()));
      await backend.dispose();
    }
  });
});

onEveryBackend((open) => {
  it('varies what filters and orderings look at', async () => {
    const backend = await open();
    let service: StrataProcess | undefined;
    try {
      expect((await runStrata('cli/seed.js', ['--count', '5000'], backend.env)).output).toContain(
        'Added 5000 products',
      );
      service = await startStrata(backend.env);
      const { body } = await send<Stats>(service.url, '/api/products/stats');
      expect(body.count).toBe(5000);
      expect(body.categories.length).toBeGreaterThan(8);
      const sizes = body.categories.map(({ count }) => count);
      expect(Math.max(...sizes) / Math.min(...sizes)).toBeGreaterThan(3);
      expect(Math.max(...body.categories.map((c) => c.max_price / c.min_price))).toBeGreaterThan(20);
      const share = async (query: string): Promise<number> =>
        (await send<PageJson>(service?.url ?? '', `/api/products${query}`)).body.count / 5000;
      expect(await share('/featured')).toBeGreaterThan(0.1);
      expect(await share('/featured')).toBeLessThan(0.5);
      expect(await share('?in_stock=false')).toBeGreaterThan(0.03);
    } finally {
      await service?.stop();
      await backend.dispose();
    }
  });
});

const refused: [string, string][] = [
  ['--count', 'many'],
  ['--count', '0'],
  ['--seed', '-1'],
];
it.each(effort(refused.slice(0, 1), refused))('npm run seed refuses %s %s by name', async (name, value) => {
  const backend = await embedded();
  const { code, output } = await runStrata('cli/seed.js', [`${name}=${value}`], backend.env);
  await backend.dispose();
  expect(code).toBe(1);
  expect(output).toContain(`${name} must be`);
});
