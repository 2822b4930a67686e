import { DataSource } from 'typeorm';
import { generateProducts, SeedProduct } from './product-generator';

/** Rows of one INSERT: large enough to hide the round trip, small enough for a smooth progress bar. */
const BATCH = 2_000;

export interface SeedOptions {
  /** How many products to add. */
  count: number;
  /** The same seed gives the same products. @default 1 */
  seed?: number;
  /** Take what is there away first. @default false */
  reset?: boolean;
  /** Told after each batch how many are in. */
  onProgress?: (done: number) => void;
}

/**
 * Adds products in one transaction: a run that is interrupted leaves nothing behind. The table is vacuumed after it, for the
 * planner's statistics and the visibility map, without which an index-only scan still visits the heap.
 */
export async function seedProducts(dataSource: DataSource, options: SeedOptions): Promise<void> {
  const products = generateProducts(options.seed ?? 1);
  await dataSource.transaction(async (manager) => {
    if (options.reset) await manager.query('TRUNCATE products RESTART IDENTITY CASCADE');
    for (let done = 0; done < options.count;) {
      const batch = Array.from({ length: Math.min(BATCH, options.count - done) }, () => products.next().value);
      await manager.query(INSERT, columns(batch));
      done += batch.length;
      options.onProgress?.(done);
    }
  });
  await dataSource.query('VACUUM ANALYZE products');
}

const INSERT = `
  INSERT INTO products (name, price, description, category, stock, rating, created_at)
  SELECT * FROM unnest($1::text[], $2::numeric[], $3::text[], $4::text[], $5::int[], $6::numeric[], $7::timestamptz[])`;

function columns(batch: readonly SeedProduct[]): unknown[] {
  const column = <K extends keyof SeedProduct>(key: K): SeedProduct[K][] => batch.map((product) => product[key]);
  return [
    column('name'),
    column('price'),
    column('description'),
    column('category'),
    column('stock'),
    column('rating'),
    column('createdAt'),
  ];
}
