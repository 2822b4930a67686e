import { BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ReadGate } from '../database';
import { FEATURED_RATING } from './dto/limits';
import type { ProductFilter } from './dto/product-query.dto';
import { CategoryStatsDto } from './dto/product-stats.dto';
import { priceTotalSql } from './price-totals';
import { type TotalsMerge, totalsMerges } from './totals-merge';

/** What the totals can count: a category or all, and one of these. */
type Counted = 'products' | 'in_stock' | 'out_of_stock' | 'featured';

/**
 * Counts that cost the same however many products there are. The triggers of the migrations ProductTotals and PriceTotals add a row for
 * each difference, and a total is the sum of the rows of one snapshot.
 */
@Injectable()
export class ProductTotals implements BeforeApplicationShutdown {
  private readonly categories: TotalsMerge;
  private readonly prices: TotalsMerge;

  constructor(
    @Inject(DataSource) dataSource: DataSource,
    @Inject(ReadGate) private readonly gate: ReadGate,
  ) {
    ({ categories: this.categories, prices: this.prices } = totalsMerges(dataSource));
  }

  /**
   * SQL of one row: how many products a filter leaves (`count`), and how many rows the totals have (`rows`). $1 is the category, if the
   * filter has one. Undefined: the filter needs the rows themselves.
   */
  sqlOf(filter: ProductFilter): string | undefined {
    if (isOfPrices(filter)) return priceTotalSql(filter);
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
      this.noteRows(filter, row.rows);
      return Number(row.count);
    });
  }

  /** @param filter whose total was read @param rows how many rows that found */
  noteRows(filter: ProductFilter, rows: string): void {
    (isOfPrices(filter) ? this.prices : this.categories).whenMany(Number(rows));
  }

  /** By name of the category. */
  async statsByCategory(): Promise<CategoryStatsDto[]> {
    const rows = await this.gate.run(
      'summary',
      'statsByCategory',
      (runner) => runner.query(STATS) as Promise<(Record<keyof CategoryStatsDto, string> & { rows: string })[]>,
    );
    this.noteRows({}, rows[0]?.rows ?? '0');
    return rows.map((row) => ({
      category: row.category,
      count: Number(row.count),
      min_price: Number(row.min_price),
      average_price: Number(row.average_price),
      max_price: Number(row.max_price),
      average_rating: Number(row.average_rating),
    }));
  }

  /** Merges the rows of every total. Never rejects. */
  async merge(): Promise<void> {
    await Promise.all([this.categories.run(), this.prices.run()]);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.categories.idle(), this.prices.idle()]);
  }
}

const VALUE: Record<Counted, string> = {
  products: 'products',
  in_stock: 'in_stock',
  out_of_stock: 'products - in_stock',
  featured: 'featured',
};

/** Whether a filter is a range of prices, of all products or a category, and no more. */
function isOfPrices({ category: _, min_price, max_price, ...others }: ProductFilter): boolean {
  if (min_price === undefined && max_price === undefined) return false;
  return Object.values(others).every((value) => value === undefined);
}

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
