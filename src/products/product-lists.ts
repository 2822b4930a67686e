import type { FieldText, PlaceOf } from '../caching';
import { FEATURED_RATING } from './dto/limits';
import type { Ordering, ProductFilter } from './dto/product-query.dto';
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

/** A literal, not a parameter: the planner must see that it is the partial index's own condition. */
export const FEATURED: Condition = { sql: `p.rating >= ${FEATURED_RATING}`, values: [] };

export function conditionOf(filter: ProductFilter): Condition {
  const { category, min_price, max_price, min_rating, in_stock, search } = filter;
  const values: unknown[] = [];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const parts: string[] = [];
  if (category !== undefined) parts.push(`p.category = ${given(category)}`);
  if (min_price !== undefined) parts.push(`p.price >= ${given(min_price)}`);
  if (max_price !== undefined) parts.push(`p.price <= ${given(max_price)}`);
  if (min_rating !== undefined) parts.push(`p.rating >= ${given(min_rating)}`);
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
 * @param columns of the rows, over `product`
 */
export function sliceSql(
  columns: string,
  { sql, values }: Condition,
  ordering: Ordering,
  { offset, limit }: Slice,
): { sql: string; values: unknown[] } {
  const [last, next] = [values.length + 1, values.length + 2];
  const inner = `SELECT p.id FROM products p WHERE ${sql} ORDER BY ${orderOf('p', ordering)} LIMIT $${last} OFFSET $${next}`;
  return {
    sql: `SELECT ${columns} FROM products product JOIN (${inner}) page ON page.id = product.id ORDER BY ${orderOf('product', ordering)}`,
    values: [...values, limit, offset],
  };
}

/** A page, and in each of its rows how many the whole list has. Where it has none, nothing is searched for the page. */
export function countedSliceSql(
  columns: string,
  { sql, values }: Condition,
  ordering: Ordering,
  slice: Slice,
): { sql: string; values: unknown[] } {
  const condition = { sql: `${sql} AND ${TOTAL} > 0`, values };
  const page = sliceSql(`${TOTAL} AS count, ${columns}`, condition, ordering, slice);
  return { sql: `WITH total AS MATERIALIZED (${countSql(sql)}) ${page.sql}`, values: page.values };
}

export function countSql(condition: string): string {
  return `SELECT count(*) AS count FROM products p WHERE ${condition}`;
}

const TOTAL = '(SELECT count FROM total)';

/** Ids and times of creation, in seconds of the Unix epoch, of a list by age: one row. The index alone is read, where it is all-visible. */
export function stretchSql({ sql, values }: Condition, { offset, limit }: Slice): { sql: string; values: unknown[] } {
  const [last, next] = [values.length + 1, values.length + 2];
  const inner = `SELECT p.id, p.created_at FROM products p WHERE ${sql} ORDER BY ${orderOf('p', '-created_at')} LIMIT $${last} OFFSET $${next}`;
  return {
    sql: `SELECT coalesce(json_agg(id), '[]') AS ids, coalesce(json_agg(date_part('epoch', created_at)), '[]') AS times FROM (${inner}) AS stretch`,
    values: [...values, limit, offset],
  };
}

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
