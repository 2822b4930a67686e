import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Totals of each category, so that a count costs the same however many products there are. A statement that changes a total adds a
 * row with the difference, in its own transaction, and the total is the sum of the rows: exact in every snapshot. Writers only
 * insert, so none of them waits for another one. The application merges the rows when there are many (product-totals.ts).
 */
export class ProductTotals1764000000013 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query(`SELECT quote_ident(current_schema()) AS schema`)) as [{ schema: string }];
    await runner.query(`LOCK TABLE products IN SHARE ROW EXCLUSIVE MODE`);
    await runner.query(`
      CREATE TABLE product_totals (
        category varchar(100) NOT NULL,
        products bigint NOT NULL,
        in_stock bigint NOT NULL,
        featured bigint NOT NULL,
        price_sum numeric NOT NULL,
        rating_sum numeric NOT NULL
      ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)`);
    await runner.query(`INSERT INTO product_totals ${totals('products', '')}`);
    await runner.query(triggerFunction(schema));
    await runner.query(`REVOKE ALL ON FUNCTION product_totals_add() FROM PUBLIC`);
    for (const [event, transition] of TRIGGERS) {
      await runner.query(`
        CREATE TRIGGER product_totals_${event} AFTER ${event} ON products ${transition}
        FOR EACH STATEMENT EXECUTE FUNCTION product_totals_add()`);
    }
    // Its ends are the lowest and the highest price of a category. It also serves a category in the order of prices.
    await runner.query(`CREATE INDEX products_by_category_and_price ON products (category, price, id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX products_by_category_and_price`);
    for (const [event] of TRIGGERS) await runner.query(`DROP TRIGGER product_totals_${event} ON products`);
    await runner.query(`DROP FUNCTION product_totals_add()`);
    await runner.query(`DROP TABLE product_totals`);
  }
}

const TRIGGERS = [
  ['insert', 'REFERENCING NEW TABLE AS new_rows'],
  ['update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'],
  ['delete', 'REFERENCING OLD TABLE AS old_rows'],
  ['truncate', ''],
] as const;

/** The line of featured products is the one of their index. */
function totals(rows: string, sign: '' | '-'): string {
  return `
    SELECT category, ${sign}count(*), ${sign}count(*) FILTER (WHERE stock > 0), ${sign}count(*) FILTER (WHERE rating >= 4.5),
           ${sign}sum(price), ${sign}sum(rating)
    FROM ${rows} GROUP BY category`;
}

const DIFFERENCES = `
    SELECT category, sum(n), sum(stocked), sum(featured), sum(price), sum(rating)
    FROM (
      SELECT category, 1 AS n, (stock > 0)::int AS stocked, (rating >= 4.5)::int AS featured, price, rating FROM new_rows
      UNION ALL
      SELECT category, -1, -(stock > 0)::int, -(rating >= 4.5)::int, -price, -rating FROM old_rows
    ) AS both_rows
    GROUP BY category
    HAVING (sum(n), sum(stocked), sum(featured), sum(price), sum(rating)) <> (0, 0, 0, 0, 0)`;

/**
 * SECURITY DEFINER: a role that may write products needs no right on the totals. The search path is fixed, so that no writer can
 * slip in an operator. A schema that was renamed is found by the table that was written.
 *
 * TRUNCATE has locked out all other writers, so one more row takes off what is there. A transaction with a snapshot of its own
 * would miss rows that were committed since: it empties the totals, which waits for their readers.
 */
function triggerFunction(schema: string): string {
  const emptied = (into: string): string => `
    SELECT category, -sum(products), -sum(in_stock), -sum(featured), -sum(price_sum), -sum(rating_sum)
    FROM ${into} GROUP BY category`;
  const cases = (run: (statement: (into: string) => string) => string): string => `
      IF TG_OP = 'UPDATE' THEN ${run((into) => `INSERT INTO ${into} ${DIFFERENCES}`)}
      ELSIF TG_OP = 'INSERT' THEN ${run((into) => `INSERT INTO ${into} ${totals('new_rows', '')}`)}
      ELSIF TG_OP = 'DELETE' THEN ${run((into) => `INSERT INTO ${into} ${totals('old_rows', '-')}`)}
      ELSIF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        ${run((into) => `TRUNCATE ${into}`)}
      ELSE ${run((into) => `INSERT INTO ${into} ${emptied(into)}`)}
      END IF;`;
  return `
    CREATE FUNCTION product_totals_add() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $totals$
    BEGIN
      IF quote_ident(TG_TABLE_SCHEMA) = '${schema.replaceAll("'", "''")}' THEN
        ${cases((statement) => `${statement(`${schema}.product_totals`)};`)}
      ELSE
        ${cases((statement) => `EXECUTE replace($sql$${statement('@schema@.product_totals')}$sql$, '@schema@', quote_ident(TG_TABLE_SCHEMA));`)}
      END IF;
      RETURN NULL;
    END $totals$`;
}
