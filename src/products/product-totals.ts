import { BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';
import { ReadGate } from '../database';
import { FEATURED_RATING } from './dto/limits';
import type { ProductFilter } from './dto/product-query.dto';
import { CategoryStatsDto } from './dto/product-stats.dto';

/** Rows added since the last merge, after which they are merged again. */
const MERGE_AFTER = 500;

/** What the totals can count: a category or all, and one of these. */
type Counted = 'products' | 'in_stock' | 'out_of_stock' | 'featured';

/**
 * Counts that cost the same however many products there are. The triggers of the migration ProductTotals add a row for each
 * difference, and a total is the sum of the rows of one snapshot.
 */
@Injectable()
export class ProductTotals implements BeforeApplicationShutdown {
  private readonly logger = new Logger('ProductTotals');
  private mergeAbove = MERGE_AFTER;
  private merging?: Promise<void>;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(ReadGate) private readonly gate: ReadGate,
  ) {}

  /**
   * SQL of one row: how many products a filter leaves (`count`), and how many rows the totals have (`rows`). $1 is the category, if the
   * filter has one. Undefined: the filter needs the rows themselves.
   */
  sqlOf(filter: ProductFilter): string | undefined {
    const counted = countedBy(filter);
    if (counted === undefined) return undefined;
    const narrowed = filter.category === undefined ? '' : 'FILTER (WHERE category = $1)';
    return `SELECT coalesce(sum(${VALUE[counted]}) ${narrowed}, 0) AS count, count(*) AS rows FROM product_totals`;
  }

  /** How many products a filter leaves. Undefined: the filter needs the rows themselves. */
  count(filter: ProductFilter): Promise<number> | undefined {
    const sql = this.sqlOf(filter);
    if (sql === undefined) return undefined;
    const { category } = filter;
    return this.gate.run('list', { total: [sql, category] }, async (runner) => {
      const parameters = category === undefined ? [] : [category];
      const [row] = (await runner.query(sql, parameters)) as [{ count: string; rows: string }];
      this.noteRows(row.rows);
      return Number(row.count);
    });
  }

  /** Has the rows merged, in the background, when a read of them found many. @param rows how many it found */
  noteRows(rows: string): void {
    if (Number(rows) > this.mergeAbove) void this.merge();
  }

  /** By name of the category. */
  async statsByCategory(): Promise<CategoryStatsDto[]> {
    const rows = await this.gate.run(
      'summary',
      'statsByCategory',
      (runner) => runner.query(STATS) as Promise<(Record<keyof CategoryStatsDto, string> & { rows: string })[]>,
    );
    this.noteRows(rows[0]?.rows ?? '0');
    return rows.map((row) => ({
      category: row.category,
      count: Number(row.count),
      min_price: Number(row.min_price),
      average_price: Number(row.average_price),
      max_price: Number(row.max_price),
      average_rating: Number(row.average_rating),
    }));
  }

  /**
   * Merges the rows of each category into one. Any snapshot has the rows or their sum. What another node is merging is left to it, so
   * no merge waits, and writers only insert. Never rejects.
   */
  async merge(): Promise<void> {
    this.merging ??= this.mergeAll().finally(() => (this.merging = undefined));
    await this.merging;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.merging;
  }

  private async mergeAll(): Promise<void> {
    const runner: QueryRunner = this.dataSource.createQueryRunner();
    try {
      await runner.query(MERGE);
      const [left] = (await runner.query('SELECT count(*) AS rows FROM product_totals')) as [{ rows: string }];
      // There may be more categories than that.
      this.mergeAbove = Number(left.rows) + MERGE_AFTER;
    } catch (error) {
      this.logger.warn({ err: error as Error }, 'the rows of product_totals could not be merged');
    } finally {
      await runner.release().catch(() => undefined);
    }
  }
}

const VALUE: Record<Counted, string> = {
  products: 'products',
  in_stock: 'in_stock',
  out_of_stock: 'products - in_stock',
  featured: 'featured',
};

function countedBy({ category: _, in_stock, min_rating, ...others }: ProductFilter): Counted | undefined {
  if (Object.values(others).some((value) => value !== undefined)) return undefined;
  if (min_rating === undefined) {
    if (in_stock === undefined) return 'products';
    return in_stock ? 'in_stock' : 'out_of_stock';
  }
  return min_rating === FEATURED_RATING && in_stock === undefined ? 'featured' : undefined;
}

/** The prices at the ends of a category are the ends of an index. `products` is named first, as a TRUNCATE locks it first. */
const STATS = `
  WITH locked_first AS (SELECT FROM products)
  SELECT category, count, lowest.price AS min_price, round(price_sum / count, 2) AS average_price, highest.price AS max_price,
         round(rating_sum / count, 2) AS average_rating, (SELECT count(*) FROM product_totals) AS rows
  FROM (SELECT category, sum(products) AS count, sum(price_sum) AS price_sum, sum(rating_sum) AS rating_sum
        FROM product_totals GROUP BY category HAVING sum(products) > 0) AS total
  CROSS JOIN LATERAL (SELECT price FROM products p WHERE p.category = total.category ORDER BY price, id LIMIT 1) AS lowest
  CROSS JOIN LATERAL (SELECT price FROM products p WHERE p.category = total.category ORDER BY price DESC, id DESC LIMIT 1) AS highest
  ORDER BY category`;

/** SKIP LOCKED: a row that another merge has taken is in that one's sum. */
const MERGE = `
  WITH merged AS (
    DELETE FROM product_totals WHERE ctid = ANY (ARRAY(SELECT ctid FROM product_totals FOR UPDATE SKIP LOCKED))
    RETURNING *)
  INSERT INTO product_totals
  SELECT category, sum(products), sum(in_stock), sum(featured), sum(price_sum), sum(rating_sum)
  FROM merged GROUP BY category
  HAVING (sum(products), sum(in_stock), sum(featured), sum(price_sum), sum(rating_sum)) <> (0, 0, 0, 0, 0)`;
