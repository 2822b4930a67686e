import { FEATURED_RATING } from './dto/limits';
import type { ProductFilter } from './products.repository';
import type { Ordering } from './dto/product-query.dto';

/**
 * Which answers depend on what, and which writes change it. Reading says which tags an answer carries; `evictedBy`
 * says which tags a written row stamps. The table in the README is this file in words.
 *
 *   product:42                       the row itself, wherever it is shown
 *   products                         which products there are, and in which order they came
 *   products:price                   the price of any product (likewise rating, name, description, stock)
 *   products:category:toys           which products are toys
 *   products:category:toys:price     the price of any toy
 *   products:categories              which product is in which category, for answers about all of them
 *   products:featured                which products are featured
 *   table:products                   everything: stamped by statements over many rows
 */
export const ALL_PRODUCTS = 'table:products';

/** What lists are filtered and ordered by. `stock` is only about having any: its number narrows nothing. */
type Attribute = 'price' | 'rating' | 'name' | 'description' | 'stock';

/** A row of `products` as the database holds it; numerics may be text. */
export interface ProductRow {
  id: number;
  name: string;
  price: number | string;
  description: string;
  category: string;
  stock: number;
  rating: number | string;
  created_at: string;
}

export function productTag(id: number): string {
  return `product:${id}`;
}

/** An answer that shows these products depends on each of them. */
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

export function featuredTags(): string[] {
  return [ALL_PRODUCTS, 'products:featured'];
}

export function statsTags(): string[] {
  return [ALL_PRODUCTS, 'products', 'products:categories', 'products:price', 'products:rating'];
}

/**
 * What a write of one row changes. An insert has no `before`, a delete no `after`.
 * A change of stock that neither sells the product out nor brings it back touches the row alone.
 */
export function evictedBy(before: ProductRow | undefined, after: ProductRow | undefined): string[] {
  if (before && after) return updated(before, after);
  const row = before ?? after;
  if (!row) return [];
  const featured = isFeatured(row) ? ['products:featured'] : [];
  return [productTag(row.id), 'products', scope(row.category), ...featured];
}

function updated(before: ProductRow, after: ProductRow): string[] {
  const tags = new Set([productTag(before.id), productTag(after.id)]);
  const categories = [before.category, after.category];
  if (before.category !== after.category) {
    tags.add('products:categories');
    for (const category of categories) tags.add(scope(category));
  }
  if (before.id !== after.id || before.created_at !== after.created_at) {
    for (const tag of ['products', 'products:featured', ...categories.map((category) => scope(category))])
      tags.add(tag);
  }
  if (isFeatured(before) !== isFeatured(after)) tags.add('products:featured');
  for (const attribute of changed(before, after)) {
    for (const category of [undefined, ...categories]) tags.add(scope(category, attribute));
  }
  return [...tags];
}

function changed(before: ProductRow, after: ProductRow): Attribute[] {
  return [
    ...(['price', 'rating', 'name', 'description'] as const).filter((field) => before[field] !== after[field]),
    ...(before.stock > 0 === after.stock > 0 ? [] : ['stock' as const]),
  ];
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

function isFeatured({ rating }: ProductRow): boolean {
  return Number(rating) >= FEATURED_RATING;
}
