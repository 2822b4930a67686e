import { tableTag } from '../caching';
import { FEATURED_RATING } from './dto/limits';
import { columnOf, type Ordering, type ProductFilter } from './dto/product-query.dto';
import { dayOf, daysBetween } from './days';
import { isSpanned, type Spanned, spansAt, spansBetween } from './spans';

/**
 * Which responses depend on what, and which writes change it. Reading says which tags a response carries; `evictedBy`
 * says which tags a written row stamps. docs/routes.md, "What a write invalidates", is this file in words.
 *
 *   product:42                       the row itself, wherever it is shown
 *   products                         which products there are, and in which order they came
 *   products:price                   the price of any product (likewise rating, name, description, stock)
 *   products:category:toys           which products are toys
 *   products:category:toys:price     the price of any toy
 *   products:price:16-20             which products have such a price (likewise rating): narrow spans and wide ones, see spans.ts
 *   products:category:toys:price:16-20  the same of toys
 *   products:categories              which product is in which category, for responses about all of them
 *   products:featured                which products are featured
 *   products:created:2026-01-02      which products were created on that day (UTC)
 *   table:products                   everything: stamped by statements over many rows
 */
export const ALL_PRODUCTS = tableTag('products');
const FEATURED = 'products:featured';

/** What lists are filtered and ordered by. `stock` is only about having any: its number narrows nothing. */
type Attribute = 'price' | 'rating' | 'name' | 'description' | 'stock';

/** A row of `products` as the outbox has it: every column as text. */
export type ProductRow = Record<
  'id' | 'name' | 'price' | 'description' | 'category' | 'stock' | 'rating' | 'created_at',
  string
>;

export function productTag(id: number | string): string {
  return `product:${id}`;
}

/**
 * How many products a filter leaves. One by price or rating depends on the spans that it reaches into, where products come and go: what is
 * written outside of them concerns other lists.
 */
export function countTags(filter: ProductFilter): string[] {
  const spans = [...byPrice(filter), ...byRating(filter)];
  const members = spans.length > 0 ? spans : [undefined];
  return [ALL_PRODUCTS, ...[...members, ...otherwiseFiltered(filter)].map((part) => scope(filter.category, part))];
}

/** Which products all pages of a list show, in which order; each product brings its own tags. */
export function listTags(filter: ProductFilter, ordering: Ordering): string[] {
  const ordered = columnOf(ordering);
  return ordered === 'created_at' ? countTags(filter) : [...countTags(filter), scope(filter.category, ordered)];
}

/**
 * Which products one page of a list shows, in which order. In the order of prices, or ratings, it depends on the spans up to the value of
 * its last product: past that, products come and go without moving it.
 * @param last the value of the last product of a whole page; undefined: the page reaches the end of the list
 */
export function pageTags(filter: ProductFilter, ordering: Ordering, last: number | undefined): string[] {
  const ordered = columnOf(ordering);
  if (last === undefined || !isSpanned(ordered)) return listTags(filter, ordering);
  const [from, to] = ordered === 'price' ? [filter.min_price, filter.max_price] : [filter.min_rating, undefined];
  const reached = ordering.startsWith('-') ? spansBetween(ordered, last, to) : spansBetween(ordered, from, last);
  const others = ordered === 'price' ? byRating(filter) : byPrice(filter);
  const parts = [...reached, ...others, ...otherwiseFiltered(filter)];
  return [ALL_PRODUCTS, ...parts.map((part) => scope(filter.category, part))];
}

/**
 * Which products a page by cursor shows. Between two moments that depends on the days between them: a product that is added or deleted on
 * another day is elsewhere. A page that reaches an end of the list, or is ordered by another column, depends on the whole list.
 * @param from the value of the place that the page begins at; undefined: it begins at an end of the list
 * @param beyond when the nearest product past the page was created; undefined: the page reaches the other end
 */
export function cursorPageTags(
  filter: ProductFilter,
  ordering: Ordering,
  from: string | number | undefined,
  beyond: string | undefined,
): string[] {
  const isByAge = columnOf(ordering) === 'created_at';
  const isInside = isByAge && from !== undefined && beyond !== undefined;
  const days = isInside ? daysBetween(String(from), beyond) : undefined;
  if (!days) return listTags(filter, ordering);
  return [
    ALL_PRODUCTS,
    ...days.map(createdTag),
    // Not the category's own tag, which each new product stamps: on other days only a move between categories counts.
    ...(filter.category === undefined ? [] : ['products:categories']),
    ...filtered(filter).map((attribute) => scope(filter.category, attribute)),
  ];
}

function createdTag(date: string): string {
  return `products:created:${dayOf(date)}`;
}

export function featuredTags(): string[] {
  return [ALL_PRODUCTS, FEATURED];
}

export function statsTags(): string[] {
  return [ALL_PRODUCTS, 'products', 'products:categories', 'products:price', 'products:rating'];
}

/**
 * What a write of one row evicts, beside the row itself wherever it is shown:
 *
 *   inserted, deleted     that there is one more or less: all lists, its category's, pages of its day, the spans of its price and
 *                         rating; featured if it is
 *   category              both categories' lists and spans, and responses about all categories
 *   created_at            the order of all lists, its category's; featured if it is
 *   rating over the line  featured, either way
 *   price, rating, name,  whatever filters, searches or orders by that very column: over all products
 *   description           and within its category (both, if it moved); of price and rating also the old and the new span
 *   stock                 only when it runs out or comes back: what filters by being in stock
 *
 * So selling one of many evicts the product's own page and the lists that show it, and no others.
 */
export function evictedBy(before: ProductRow | undefined, after: ProductRow | undefined): string[] {
  if (before && after) return updated(before, after);
  const row = before ?? after;
  return row ? [productTag(row.id), ...membership(row)] : [];
}

function updated(before: ProductRow, after: ProductRow): string[] {
  const tags = new Set([productTag(after.id)]);
  const add = (...more: string[]): void => more.forEach((tag) => tags.add(tag));
  if (before.category !== after.category) {
    add(
      'products:categories',
      ...[before, after].flatMap((row) => [scope(row.category), ...spansIn(row, row.category)]),
    );
  }
  if (before.created_at !== after.created_at) add(...membership(before), ...membership(after));
  if (isFeatured(before) !== isFeatured(after)) add(FEATURED);
  for (const attribute of changed(before, after)) {
    for (const category of [undefined, before.category, after.category]) {
      add(scope(category, attribute));
      if (isSpanned(attribute)) for (const row of [before, after]) add(...spansOf(row, category, attribute));
    }
  }
  return [...tags];
}

/** Which lists the row is in, and where: by age, which is what lists are ordered by in the end. */
function membership(row: ProductRow): string[] {
  return [
    scope(undefined),
    scope(row.category),
    ...(isFeatured(row) ? [FEATURED] : []),
    createdTag(row.created_at),
    ...spansIn(row, undefined),
    ...spansIn(row, row.category),
  ];
}

function spansIn(row: ProductRow, category: string | undefined): string[] {
  return (['price', 'rating'] as const).flatMap((column) => spansOf(row, category, column));
}

function spansOf(row: ProductRow, category: string | undefined, column: Spanned): string[] {
  return spansAt(column, Number(row[column])).map((span) => scope(category, span));
}

function changed(before: ProductRow, after: ProductRow): Attribute[] {
  const columns = (['price', 'rating', 'name', 'description'] as const).filter((name) => before[name] !== after[name]);
  return isInStock(before) === isInStock(after) ? columns : [...columns, 'stock'];
}

function filtered({ min_price, max_price, min_rating, in_stock, search }: ProductFilter): Attribute[] {
  return [
    ...(min_price === undefined && max_price === undefined ? [] : ['price' as const]),
    ...(min_rating === undefined ? [] : ['rating' as const]),
    ...(in_stock === undefined ? [] : ['stock' as const]),
    ...(search === undefined ? [] : ['name' as const, 'description' as const]),
  ];
}

function byPrice({ min_price, max_price }: ProductFilter): string[] {
  return min_price === undefined && max_price === undefined ? [] : spansBetween('price', min_price, max_price);
}

function byRating({ min_rating }: ProductFilter): string[] {
  return min_rating === undefined ? [] : spansBetween('rating', min_rating, undefined);
}

/** What a list is filtered by, but for price and rating. */
function otherwiseFiltered(filter: ProductFilter): Attribute[] {
  return filtered(filter).filter((attribute) => !isSpanned(attribute));
}

/** @param part an attribute or a span @default which products there are */
function scope(category: string | undefined, part?: string): string {
  return [
    'products',
    ...(category === undefined ? [] : ['category', category]),
    ...(part === undefined ? [] : [part]),
  ].join(':');
}

function isInStock({ stock }: ProductRow): boolean {
  return Number(stock) > 0;
}

function isFeatured({ rating }: ProductRow): boolean {
  return Number(rating) >= FEATURED_RATING;
}
