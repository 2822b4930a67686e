import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

/** Rows added since the last merge, after which they are merged again. */
const MERGE_AFTER = 500;

/**
 * Merges the rows of one table of totals: those of a group into one. Any snapshot has the rows or their sum. What another node is merging is
 * left to it, so no merge waits, and writers only insert.
 */
export class TotalsMerge {
  private readonly logger = new Logger('ProductTotals');
  private mergeAbove = MERGE_AFTER;
  private merging?: Promise<void>;
  private readonly sql: string;

  /** @param group columns that name a total @param sums columns that are added up */
  constructor(
    private readonly dataSource: DataSource,
    private readonly table: string,
    group: readonly string[],
    sums: readonly string[],
  ) {
    const summed = sums.map((column) => `sum(${column})`).join(', ');
    // SKIP LOCKED: a row that another merge has taken is in that one's sum.
    this.sql = `
      WITH merged AS (
        DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM ${table} WHERE (${group.join()}) IN (
            SELECT ${group.join()} FROM ${table} GROUP BY ${group.join()}
            HAVING count(*) > 1 OR (${summed}) = (${sums.map(() => 0).join()}))
          FOR UPDATE SKIP LOCKED))
        RETURNING *)
      INSERT INTO ${table} (${[...group, ...sums].join()})
      SELECT ${group.join()}, ${summed} FROM merged GROUP BY ${group.join()}
      HAVING (${summed}) <> (${sums.map(() => 0).join()})`;
  }

  /** Merges in the background, when there are many: the reader has its total already. @param rows how many a read found */
  whenMany(rows: number): void {
    if (rows > this.mergeAbove) void this.run();
  }

  /** Never rejects. */
  async run(): Promise<void> {
    this.merging ??= this.merge().finally(() => (this.merging = undefined));
    await this.merging;
  }

  async idle(): Promise<void> {
    await this.merging;
  }

  private async merge(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.query(this.sql);
      const [left] = (await runner.query(`SELECT count(*) AS rows FROM ${this.table}`)) as [{ rows: string }];
      // There may be more totals than that.
      this.mergeAbove = Number(left.rows) + MERGE_AFTER;
    } catch (error) {
      this.logger.warn({ err: error as Error }, `the rows of ${this.table} could not be merged`);
    } finally {
      await runner.release().catch(() => undefined);
    }
  }
}

/** One for each table of totals. */
export function totalsMerges(dataSource: DataSource): { categories: TotalsMerge; prices: TotalsMerge } {
  return {
    categories: new TotalsMerge(dataSource, 'product_totals', ['category'], SUMS),
    prices: new TotalsMerge(dataSource, 'product_price_totals', ['category', 'up_to'], ['products']),
  };
}

const SUMS = ['products', 'in_stock', 'featured', 'price_sum', 'rating_sum'];
