import { DataSource, EntityManager } from 'typeorm';
import { totalsMerges } from '../totals-merge';
import { generateProducts, SeedProduct } from './product-generator';

/** Rows of one INSERT: large enough to hide the round trip, small enough for a smooth progress bar. */
const BATCH = 2_000;

export interface SeedOptions {
  /** How many products to add. */
  count: number;
  /** The same seed gives the same products. @default 1 */
  seed?: number;
  /** Deletes existing products first. @default false */
  reset?: boolean;
  /** Called after each batch with the number of rows inserted so far. */
  onProgress?: (done: number) => void;
}

/**
 * Adds products in one transaction: a run that is interrupted leaves nothing behind. Its tables are vacuumed after it, for the
 * planner's statistics and the visibility map, without which an index-only scan still visits the heap.
 */
export async function seedProducts(dataSource: DataSource, options: SeedOptions): Promise<void> {
  await dataSource.transaction(async (manager) => {
    await manager.query(ONE_AT_A_TIME);
    if (options.reset) await manager.query('TRUNCATE products RESTART IDENTITY CASCADE');
    const indexes = await dropIndexesOfEmptyTable(manager);
    await insertProducts(manager, options);
    for (const { definition } of indexes) await manager.query(definition);
  });
  // Each batch has added rows of its own for every total.
  const { categories, prices } = totalsMerges(dataSource);
  await Promise.all([categories.run(), prices.run()]);
  await dataSource.query('VACUUM ANALYZE products, product_totals, product_price_totals');
}

async function insertProducts(manager: EntityManager, { count, seed = 1, onProgress }: SeedOptions): Promise<void> {
  const products = generateProducts(seed);
  for (let done = 0; done < count;) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, () => products.next().value);
    await manager.query(INSERT, columns(batch));
    done += batch.length;
    onProgress?.(done);
  }
}

interface Index {
  name: string;
  definition: string;
}

/**
 * Making an index of many rows at once takes a fraction of what adding them one by one does. Dropping it locks out readers, so it
 * is done only where there is nothing to read. @returns what to make again
 */
async function dropIndexesOfEmptyTable(manager: EntityManager): Promise<Index[]> {
  const isEmpty = (await manager.query<unknown[]>('SELECT FROM products LIMIT 1')).length === 0;
  if (!isEmpty) return [];
  const indexes = await manager.query<Index[]>(INDEXES);
  for (const { name } of indexes) await manager.query(`DROP INDEX ${name}`);
  return indexes;
}

/**
 * Two that had both looked into the empty table could neither of them drop an index. This lock conflicts with itself and with changes
 * of the schema, not with reads or writes (PostgreSQL 13.3.1).
 */
const ONE_AT_A_TIME = 'LOCK TABLE products IN SHARE UPDATE EXCLUSIVE MODE';

/** Those that no constraint stands on. */
const INDEXES = `
  SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM pg_index WHERE indrelid = 'products'::regclass
     AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`;

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
