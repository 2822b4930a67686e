import { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many products of each category are in each span of prices, so that the count of a range of prices costs the same however many
 * products there are. Maintained as `product_totals` is: rows of differences, in the writer's own transaction. A table of its own,
 * because it has some hundred rows for each category, and most counts and most writes have nothing to do with prices.
 */
export class PriceTotals1764000000014 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query(`SELECT quote_ident(current_schema()) AS schema`)) as [{ schema: string }];
    await runner.query(`LOCK TABLE products IN SHARE ROW EXCLUSIVE MODE`);
    await runner.query(`
      CREATE TABLE product_price_totals (
        category varchar(100) NOT NULL,
        up_to numeric NOT NULL,
        products bigint NOT NULL
      ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)`);
    await runner.query(`INSERT INTO product_price_totals ${totals('products', '')}`);
    await runner.query(triggerFunction(schema));
    await runner.query(`REVOKE ALL ON FUNCTION product_price_totals_add() FROM PUBLIC`);
    for (const [event, transition] of TRIGGERS) {
      await runner.query(`
        CREATE TRIGGER product_price_totals_${event} AFTER ${event} ON products ${transition}
        FOR EACH STATEMENT EXECUTE FUNCTION product_price_totals_add()`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [event] of TRIGGERS) await runner.query(`DROP TRIGGER product_price_totals_${event} ON products`);
    await runner.query(`DROP FUNCTION product_price_totals_add()`);
    await runner.query(`DROP TABLE product_price_totals`);
  }
}

const TRIGGERS = [
  ['insert', 'REFERENCING NEW TABLE AS new_rows'],
  ['update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'],
  ['delete', 'REFERENCING OLD TABLE AS old_rows'],
  ['truncate', ''],
] as const;

/** Steps from one span to the next: prices of two digits are the ends of spans, as are those of most filters. */
const STEP = `
  CASE WHEN price <= 10 THEN 0.1 WHEN price <= 100 THEN 1 WHEN price <= 1000 THEN 10 WHEN price <= 10000 THEN 100
       WHEN price <= 100000 THEN 1000 WHEN price <= 1000000 THEN 10000 WHEN price <= 10000000 THEN 100000
       WHEN price <= 100000000 THEN 1000000 WHEN price <= 1000000000 THEN 10000000 ELSE 100000000 END`;

/** The upper end, which belongs to the span. The service computes the same (products/price-totals.ts). */
const UP_TO = `ceil(price / (${STEP})) * (${STEP})`;

function totals(rows: string, sign: '' | '-'): string {
  return `SELECT category, ${UP_TO}, ${sign}count(*) FROM ${rows} GROUP BY 1, 2`;
}

const DIFFERENCES = `
    SELECT category, up_to, sum(n)
    FROM (SELECT category, ${UP_TO} AS up_to, 1 AS n FROM new_rows
          UNION ALL SELECT category, ${UP_TO}, -1 FROM old_rows) AS both_rows
    GROUP BY category, up_to HAVING sum(n) <> 0`;

/** Most updates are sales: they are done with one look at the pairs of rows. */
const MOVED = `
    EXISTS (SELECT FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE (o.price, o.category) IS DISTINCT FROM (n.price, n.category))`;

/** As `product_totals_add`, of the migration before: its comment says why it is SECURITY DEFINER, and what TRUNCATE needs. */
function triggerFunction(schema: string): string {
  const emptied = (into: string): string =>
    `SELECT category, up_to, -sum(products) FROM ${into} GROUP BY category, up_to`;
  const cases = (run: (statement: (into: string) => string) => string): string => `
      IF TG_OP = 'UPDATE' THEN
        IF ${MOVED} THEN ${run((into) => `INSERT INTO ${into} ${DIFFERENCES}`)} END IF;
      ELSIF TG_OP = 'INSERT' THEN ${run((into) => `INSERT INTO ${into} ${totals('new_rows', '')}`)}
      ELSIF TG_OP = 'DELETE' THEN ${run((into) => `INSERT INTO ${into} ${totals('old_rows', '-')}`)}
      ELSIF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        ${run((into) => `TRUNCATE ${into}`)}
      ELSE ${run((into) => `INSERT INTO ${into} ${emptied(into)}`)}
      END IF;`;
  return `
    CREATE FUNCTION product_price_totals_add() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $totals$
    BEGIN
      IF quote_ident(TG_TABLE_SCHEMA) = '${schema.replaceAll("'", "''")}' THEN
        ${cases((statement) => `${statement(`${schema}.product_price_totals`)};`)}
      ELSE
        ${cases((statement) => `EXECUTE replace($sql$${statement('@schema@.product_price_totals')}$sql$, '@schema@', quote_ident(TG_TABLE_SCHEMA));`)}
      END IF;
      RETURN NULL;
    END $totals$`;
}
