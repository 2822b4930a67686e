import { tableTag } from '../caching';
import { FEATURED_RATING } from './dto/limits';
import type { Ordering, ProductFilter } from './dto/product-query.dto';

/**
 * Which responses depend on what, and which writes change it. Reading says which tags a response carries; `evictedBy`
 * says which tags a written row stamps. The table in the README is this file in words.
 *
 *   product:42                       the row itself, wherever it is shown
 *   products                         which products there are, and in which order they came
 *   products:price                   the price of any product (likewise rating, name, description, stock)
 *   products:category:toys           which products are toys
 *   products:category:toys:price     the price of any toy
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

/** A response that shows these products depends on each of them. */
export function shownTags(products: readonly { id: number }[]): string[] {
  return [ALL_PRODUCTS, ...products.map(({ id }) => productTag(id))];
}

/** How many products a filter leaves. */
export function countTags(filter: ProductFilter): string[] {
  return [
    ALL_PRODUCTS,
    scope(filter.category),
    ...filtered(filter).map((attribute) => scope(filter.category, attribute)),
  ];
}

/** Which products a page of a list shows, in which order; what they look like is said by `shownTags`. */
export function listTags(filter: ProductFilter, ordering: Ordering): string[] {
  const ordered = ordering.replace('-', '') as 'created_at' | 'price' | 'rating' | 'name';
  return ordered === 'created_at' ? countTags(filter) : [...countTags(filter), scope(filter.category, ordered)];
}

/** More days than this are not named one by one. */
const MAX_DAYS = 32;

/** What a page by cursor has found. */
interface CursorPage {
  /** The value of the place that it begins at; undefined: it begins at an end of the list. */
  readonly from: string | number | undefined;
  /** The nearest product past the page; null: it reaches the other end of the list. */
  readonly beyond: { readonly id: number; readonly created_at: string } | null;
  readonly shown: readonly { readonly id: number }[];
}

/**
 * A page between two moments depends on the days between them: a product that is added or deleted on another day is elsewhere. A page
 * that reaches an end of the list, or is ordered by another column, depends on the whole list.
 */
export function cursorPageTags(
  filter: ProductFilter,
  ordering: Ordering,
  { from, beyond, shown }: CursorPage,
): string[] {
  const rows = shownTags(beyond ? [...shown, beyond] : shown);
  const isByAge = ordering === 'created_at' || ordering === '-created_at';
  const days = isByAge && beyond && from !== undefined ? daysBetween(String(from), beyond.created_at) : undefined;
  if (!days) return [...listTags(filter, ordering), ...rows];
  return [
    ...days.map(createdTag),
    ...(filter.category === undefined ? [] : ['products:categories']),
    ...filtered(filter).map((attribute) => scope(filter.category, attribute)),
    ...rows,
  ];
}

/** Undefined: too many. */
function daysBetween(one: string, other: string): string[] | undefined {
  const [first, last] = [one, other].map((date) => Date.parse(dayOf(date))).sort((a, b) => a - b) as [number, number];
  const count = (last - first) / DAY + 1;
  if (!(count <= MAX_DAYS)) return undefined;
  return Array.from({ length: count }, (_, n) => new Date(first + n * DAY).toISOString());
}

const DAY = 24 * 3_600_000;

/** The outbox prints dates in UTC, as `toISOString` does. */
function dayOf(date: string): string {
  return date.slice(0, 10);
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
 *   inserted, deleted     that there is one more or less: all lists, its category's, pages of its day; featured if it is
 *   category              both categories' lists, and responses about all categories
 *   created_at            the order of all lists, its category's; featured if it is
 *   rating over the line  featured, either way
 *   price, rating, name,  whatever filters, searches or orders by that very column: over all products
 *   description           and within its category (both, if it moved)
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
  if (before.category !== after.category) add('products:categories', scope(before.category), scope(after.category));
  if (before.created_at !== after.created_at) add(...membership(before), ...membership(after));
  if (isFeatured(before) !== isFeatured(after)) add(FEATURED);
  for (const attribute of changed(before, after)) {
    for (const category of [undefined, before.category, after.category]) add(scope(category, attribute));
  }
  return [...tags];
}

/** Which lists the row is in, and where: by age, which is what lists are ordered by in the end. */
function membership(row: ProductRow): string[] {
  return [scope(undefined), scope(row.category), ...(isFeatured(row) ? [FEATURED] : []), createdTag(row.created_at)];
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

function scope(category: string | undefined, attribute?: Attribute): string {
  return [
    'products',
    ...(category === undefined ? [] : ['category', category]),
    ...(attribute ? [attribute] : []),
  ].join(':');
}

function isInStock({ stock }: ProductRow): boolean {
  return Number(stock) > 0;
}

function isFeatured({ rating }: ProductRow): boolean {
  return Number(rating) >= FEATURED_RATING;
}
