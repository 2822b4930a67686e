import type { FieldText, PlaceOf } from '../caching';
import { FEATURED_RATING } from './dto/limits';
import type { Position } from './cursor';
import { columnOf, type Ordering, type ProductFilter } from './dto/product-query.dto';
import { packedSql } from './packed-rows';
import { searchTerms } from './search-terms';

export interface Slice {
  offset: number;
  limit: number;
}

/** Which rows a list has, as SQL over `p` with parameters from `$1`. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** One for the driver. */
export interface Statement {
  readonly sql: string;
  readonly values: unknown[];
}

/** The filter of the featured products. */
export const FEATURED: ProductFilter = { min_rating: FEATURED_RATING };

export function conditionOf(filter: ProductFilter): Condition {
  const { category, min_price, max_price, min_rating, in_stock, search } = filter;
  const values: unknown[] = [];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const parts: string[] = [];
  if (category !== undefined) parts.push(`p.category = ${given(category)}`);
  if (min_price !== undefined) parts.push(`p.price >= ${given(min_price)}`);
  if (max_price !== undefined) parts.push(`p.price <= ${given(max_price)}`);
  if (min_rating !== undefined) {
    // A literal: the planner must see that it is the partial index's own condition.
    parts.push(`p.rating >= ${min_rating === FEATURED_RATING ? FEATURED_RATING : given(min_rating)}`);
  }
  if (in_stock !== undefined) parts.push(in_stock ? 'p.stock > 0' : 'p.stock = 0');
  for (const { before, word } of searchTerms(search)) {
    const pattern = `product_search_pattern(${given(before)}, ${given(word)})`;
    parts.push(`product_search_text(p.name, p.description) LIKE ${pattern}`);
  }
  return { sql: parts.length > 0 ? parts.join(' AND ') : 'true', values };
}

/**
 * Late row lookup: the inner query walks an index over as many entries as the offset skips and keeps only ids; the rows
 * themselves are fetched for this page alone. So page 200 costs a few times page 1, not two hundred times.
 */
function sliceSql(
  columns: string,
  { sql, values }: Condition,
  ordering: Ordering,
  { offset, limit }: Slice,
): Statement {
  const [last, next] = [values.length + 1, values.length + 2];
  const inner = `SELECT p.id FROM products p WHERE ${sql} ORDER BY ${orderOf('p', ordering)} LIMIT $${last} OFFSET $${next}`;
  return {
    sql: `SELECT ${columns} FROM products product JOIN (${inner}) page ON page.id = product.id ORDER BY ${orderOf('product', ordering)}`,
    values: [...values, limit, offset],
  };
}

/** A page in one row of `PackedRows`. @param columns as of `RowsDefinition.selectList`, over `product` */
export function pageSql(columns: string, condition: Condition, ordering: Ordering, slice: Slice): Statement {
  const { sql, values } = sliceSql(columns, condition, ordering, slice);
  return { sql: packedSql(sql), values };
}

/**
 * A page as of `pageSql`, and in the same row how many the whole list has. A page past the last is not searched for.
 * @param total one row of `count`, and of `rows` of the totals @default counts the rows of the list
 */
export function countedPageSql(
  columns: string,
  { sql, values }: Condition,
  ordering: Ordering,
  slice: Slice,
  total: string = countSql(sql),
): Statement {
  const condition = { sql: `${sql} AND ${COUNT} > $${values.length + 2}`, values };
  const page = pageSql(columns, condition, ordering, slice);
  return {
    sql: `${withTotal(total)} SELECT count, rows, ids, jsons FROM total CROSS JOIN (${page.sql}) AS page`,
    values: page.values,
  };
}

export function countSql(condition: string): string {
  return `SELECT count(*) AS count, 0 AS rows FROM products p WHERE ${condition}`;
}

const COUNT = '(SELECT count FROM total)';

/** `products` is named first, as a TRUNCATE locks it before the totals. */
function withTotal(total: string): string {
  return `WITH locked_first AS (SELECT FROM products), total AS MATERIALIZED (${total})`;
}

/**
 * Ids and times of creation, in seconds of the Unix epoch, of a list by age, and how many the whole list has: one row of two texts, as of
 * `pagesIn`. The index alone is read, where it is all-visible.
 */
export function stretchSql(
  { sql, values }: Condition,
  { offset, limit }: Slice,
  pageSize: number,
  total: string,
): Statement {
  const [last, next, size] = [1, 2, 3].map((place) => `$${values.length + place}`);
  const inner = `
    SELECT p.id, p.created_at FROM products p WHERE ${sql} AND ${COUNT} > ${next}
    ORDER BY ${orderOf('p', '-created_at')} LIMIT ${last} OFFSET ${next}`;
  const joined = (value: string): string => `coalesce(string_agg(before || ${value}, ''), '')`;
  return {
    sql: `${withTotal(total)}
      SELECT ${COUNT} AS count, (SELECT rows FROM total) AS rows,
             ${joined('id')} AS ids, ${joined("date_part('epoch', created_at)")} AS times
      FROM (
        SELECT *, CASE (row_number() OVER () - 1) % ${size} WHEN 0 THEN '${PAGE}' ELSE ',' END AS before FROM (${inner}) AS listed
      ) AS stretch`,
    values: [...values, limit, offset, pageSize],
  };
}

/** Begins each page in the texts of a stretch. A comma is between two of its values. */
const PAGE = ';';

/** The pages in a text of a stretch. */
export function pagesIn(text: string): string[] {
  return text === '' ? [] : text.slice(PAGE.length).split(PAGE);
}

/**
 * The rows after a position, in one row of `PackedRows`. An index finds it at once, so the cost does not grow with the depth.
 * @param columns as of `RowsDefinition.selectList`, over `p` @param position undefined: from the beginning
 */
export function rowsAfterSql(
  columns: string,
  { sql, values }: Condition,
  ordering: Ordering,
  position: Position | undefined,
  limit: number,
): Statement {
  const all = [...values];
  const given = (value: unknown): string => `$${all.push(value)}`;
  const column = columnOf(ordering);
  // One comparison of rows is one range of the index.
  const after = position
    ? `AND (p.${column}, p.id) ${ordering.startsWith('-') ? '<' : '>'} (${given(position.value)}::${TYPES[column]}, ${given(position.id)}::integer)`
    : '';
  const page = `SELECT ${columns} FROM products p WHERE ${sql} ${after} ORDER BY ${orderOf('p', ordering)} LIMIT ${given(limit)}`;
  return { sql: packedSql(page), values: all };
}

/** What the parameter is: the driver sends text. */
const TYPES = { created_at: 'timestamptz', price: 'numeric', rating: 'numeric', name: 'varchar' } as const;

/** id goes the same way as the column it breaks ties of, so that one index serves both directions. */
function orderOf(alias: string, ordering: Ordering): string {
  const direction = ordering.startsWith('-') ? 'DESC' : 'ASC';
  return `${alias}.${ordering.replace('-', '')} ${direction}, ${alias}.id ${direction}`;
}

/** What of a product decides that it is in a list, and where. */
export function placeIn(filter: ProductFilter, ordering: Ordering): PlaceOf {
  const { min_price, max_price, min_rating, in_stock, search, category } = filter;
  const isByPrice = min_price !== undefined || max_price !== undefined;
  const names = new Set([
    ordering.replace('-', ''),
    'created_at',
    ...(category === undefined ? [] : ['category']),
    ...(isByPrice ? ['price'] : []),
    ...(min_rating === undefined ? [] : ['rating']),
    ...(search === undefined ? [] : ['name', 'description']),
  ]);
  const fields = [...names];
  const ofFields: PlaceOf = (field) => fields.map(field).join();
  // Of a stock, only whether there is any: a sale of one of many moves nothing.
  return in_stock === undefined ? ofFields : (field) => `${ofFields(field)},${Number(field('stock')) > 0}`;
}

export function placeInFeatured(field: FieldText): string {
  return `${field('created_at')},${Number(field('rating')) >= FEATURED_RATING}`;
}
