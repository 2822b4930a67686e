import type { Ordering, ProductFilter } from '../../src/products/dto/product-query.dto';
import * as tags from '../../src/products/product.tags';
import type { ProductRow } from '../../src/products/product.tags';

export const KETTLE: ProductRow = {
  id: '42',
  name: 'Kettle',
  price: '39.90',
  description: 'Boils.',
  category: 'kitchen',
  stock: '12',
  rating: '4.10',
  created_at: '2026-01-02T03:04:05.006+00:00',
};

/** The catalogue as plain arrays. */
export type Catalogue = ProductRow[];

export function list(rows: Catalogue, filter: ProductFilter, ordering: Ordering): Catalogue {
  const has = (row: ProductRow, word: string): boolean => `${row.name}\n${row.description}`.includes(word);
  const column = ordering.replace('-', '') as keyof ProductRow;
  const numeric = column === 'price' || column === 'rating';
  const compare = (a: ProductRow, b: ProductRow): number =>
    (numeric ? Number(a[column]) - Number(b[column]) : a[column] < b[column] ? -1 : a[column] > b[column] ? 1 : 0) ||
    Number(a.id) - Number(b.id);
  return rows
    .filter((row) => filter.category === undefined || row.category === filter.category)
    .filter((row) => filter.min_price === undefined || Number(row.price) >= filter.min_price)
    .filter((row) => filter.max_price === undefined || Number(row.price) <= filter.max_price)
    .filter((row) => filter.min_rating === undefined || Number(row.rating) >= filter.min_rating)
    .filter((row) => filter.in_stock === undefined || Number(row.stock) > 0 === filter.in_stock)
    .filter((row) => filter.search === undefined || has(row, filter.search))
    .sort((a, b) => (ordering.startsWith('-') ? compare(b, a) : compare(a, b)));
}

/** The tags of products that a response shows. */
export function shownTags(rows: Catalogue): string[] {
  return [tags.ALL_PRODUCTS, ...rows.map(({ id }) => tags.productTag(id))];
}

/** Two products after (or before) a place that the catalogue may have no product at, and whether there are more. */
export function cursorPage(
  page: Catalogue,
  filter: ProductFilter,
  ordering: Ordering,
  backwards: boolean,
): { answer: unknown; tags: string[] } {
  const place: ProductRow = {
    ...KETTLE,
    name: 'red',
    price: '2.00',
    rating: '4.49',
    created_at: '2026-01-02',
    id: '2',
  };
  const all = list([...page.map((row) => ({ ...row, isPlace: false })), { ...place, isPlace: true }], {}, ordering);
  if (backwards) all.reverse();
  const after = all.slice(all.findIndex((row) => (row as ProductRow & { isPlace: boolean }).isPlace) + 1);
  const [two, beyond] = [after.slice(0, 2), after[2]];
  const from = place[ordering.replace('-', '') as 'created_at'];
  const shown = shownTags(after.slice(0, 3));
  const found = tags.cursorPageTags(filter, ordering, from, beyond?.created_at);
  return { answer: [two, beyond !== undefined], tags: [...found, ...shown] };
}
