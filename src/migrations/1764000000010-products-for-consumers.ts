import { MigrationInterface, QueryRunner } from 'typeorm';

/** RFC 3339 knows years of four digits; before and behind them a date can be stored, and no client can read it. */
const READABLE = (column: string): string =>
  `${column} >= '0001-01-01 00:00:00+00' AND ${column} < '10000-01-01 00:00:00+00'`;

/**
 * What consumers of the API rely on: prices and dates that JSON can carry, `updated_at` for every writer, and a search that finds a
 * product by its own name in any script and normal form. Checks hold for what is written from now on; older rows stay.
 */
export class ProductsForConsumers1764000000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE products ADD COLUMN updated_at timestamptz(3) NOT NULL DEFAULT now()`);
    // numeric takes NaN as larger than all numbers.
    await addCheck(runner, 'products', 'products_price_is_a_number', `price <> 'NaN'`);
    await addCheck(runner, 'products', 'products_created_at_is_readable', READABLE('created_at'));
    await addCheck(runner, 'products', 'products_updated_at_is_readable', READABLE('updated_at'));
    await addCheck(runner, 'watchlist', 'watchlist_added_at_is_readable', READABLE('added_at'));
    await touchOnUpdate(runner);
    await searchByFoldedText(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX products_search`);
    await runner.query(
      `CREATE INDEX products_search ON products USING gin (name gin_trgm_ops, description gin_trgm_ops)`,
    );
    await runner.query(`DROP FUNCTION product_search_pattern(text, text)`);
    await runner.query(`DROP FUNCTION product_search_text(text, text)`);
    await runner.query(`DROP FUNCTION product_search_fold(text)`);
    await runner.query(`DROP TRIGGER products_touch ON products`);
    await runner.query(`DROP FUNCTION products_touch()`);
    await runner.query(`ALTER TABLE watchlist DROP CONSTRAINT watchlist_added_at_is_readable`);
    await runner.query(`ALTER TABLE products DROP CONSTRAINT products_created_at_is_readable`);
    await runner.query(`ALTER TABLE products DROP CONSTRAINT products_price_is_a_number`);
    await runner.query(`ALTER TABLE products DROP COLUMN updated_at`);
  }
}

function addCheck(runner: QueryRunner, table: string, name: string, condition: string): Promise<unknown> {
  return runner.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} CHECK (${condition}) NOT VALID`);
}

/** By the clock, not by the transaction's start: of two writers that queue on a row the second began before the first ended. */
async function touchOnUpdate(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE FUNCTION products_touch() RETURNS trigger LANGUAGE plpgsql AS $touch$
    BEGIN
      NEW.updated_at := clock_timestamp();
      RETURN NEW;
    END $touch$`);
  await runner.query(`
    CREATE TRIGGER products_touch BEFORE UPDATE ON products
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION products_touch()`);
}

/**
 * Rows and words are folded by the same function, so whatever lower() makes of a letter, both sides agree: compatibility forms are
 * one, a final sigma is a sigma, and the dotted capital I of Turkish is an i. The collation of ICU knows the letters of every script,
 * where that of a database made with the locale C knows ASCII alone. The functions are not STRICT, or PostgreSQL would not inline
 * them, and each row that is checked would cost a call. ASCII, which is in every normal form, takes the short way.
 */
async function searchByFoldedText(runner: QueryRunner): Promise<void> {
  const icu: unknown = await runner.query(`SELECT FROM pg_collation WHERE collname = 'und-x-icu'`);
  const collation = Array.isArray(icu) && icu.length > 0 ? 'und-x-icu' : 'default';
  await runner.query(`
    CREATE FUNCTION product_search_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
      replace(replace(lower(normalize(value, NFKC) COLLATE "${collation}") COLLATE "default", 'ς', 'σ'), U&'i\\0307', 'i')`);
  await runner.query(`
    CREATE FUNCTION product_search_text(name text, description text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
      CASE
        WHEN octet_length(name) = length(name) AND octet_length(description) = length(description)
        THEN lower(' ' || name || ' ' || replace(description, E'\\n', ' '))
        ELSE product_search_fold(' ' || name || ' ' || replace(description, E'\\n', ' '))
      END`);
  await runner.query(`
    CREATE FUNCTION product_search_pattern(before text, word text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
      before || regexp_replace(product_search_fold(word), '([\\\\%_])', '\\\\\\1', 'g') || '%'`);
  await runner.query(`DROP INDEX products_search`);
  await runner.query(
    `CREATE INDEX products_search ON products USING gin (product_search_text(name, description) gin_trgm_ops)`,
  );
}
