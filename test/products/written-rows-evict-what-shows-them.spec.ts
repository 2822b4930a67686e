import * as tags from '../../src/products/product.tags';
import type { ProductRow } from '../../src/products/product.tags';
import { KETTLE } from './catalogue-model';
import { watchlistEvictedBy, watchlistTag } from '../../src/account/watchlist.tags';
import { Pseudonyms } from '../../src/caching/core/clock/pseudonyms';

/** Tags of these spans in these categories; undefined: of all products. */
function spans(column: string, names: readonly string[], ...categories: (string | undefined)[]): string[] {
  return categories.flatMap((category) => {
    const scope = category === undefined ? 'products' : `products:category:${category}`;
    return names.map((name) => `${scope}:${column}:${name}`);
  });
}

const PRICE = ['32-40', '8-80'];
const RATING = ['4-4.25', '4-'];

describe('the rules, one by one', () => {
  it.each<[string, Partial<ProductRow>, string[]]>([
    ['selling one of many: the row alone', { stock: '11' }, ['product:42']],
    [
      'selling the last one: what filters by stock',
      { stock: '0' },
      ['product:42', 'products:stock', 'products:category:kitchen:stock'],
    ],
    [
      'a price: what filters or orders by it',
      { price: '40.00' },
      [
        'product:42',
        'products:price',
        'products:category:kitchen:price',
        ...spans('price', PRICE, undefined, 'kitchen'),
      ],
    ],
    [
      'a name: what searches or orders by it',
      { name: 'Pot' },
      ['product:42', 'products:name', 'products:category:kitchen:name'],
    ],
    [
      'a description: what searches',
      { description: 'Hot.' },
      ['product:42', 'products:description', 'products:category:kitchen:description'],
    ],
    [
      'a rating below the line',
      { rating: '4.20' },
      [
        'product:42',
        'products:rating',
        'products:category:kitchen:rating',
        ...spans('rating', RATING, undefined, 'kitchen'),
      ],
    ],
    [
      'a rating over the line: featured too',
      { rating: '4.50' },
      [
        'product:42',
        'products:featured',
        'products:rating',
        'products:category:kitchen:rating',
        ...spans('rating', [...RATING, '4.5-4.75'], undefined, 'kitchen'),
      ],
    ],
    [
      'a move: both categories',
      { category: 'toys' },
      [
        'product:42',
        'products:categories',
        'products:category:kitchen',
        'products:category:toys',
        ...spans('price', PRICE, 'kitchen', 'toys'),
        ...spans('rating', RATING, 'kitchen', 'toys'),
      ],
    ],
    [
      'a move with a new price: that column in both',
      { category: 'toys', price: '1.00' },
      [
        'product:42',
        'products:categories',
        'products:category:kitchen',
        'products:category:toys',
        'products:price',
        'products:category:kitchen:price',
        'products:category:toys:price',
        ...spans('price', [...PRICE, '-1', '-8'], undefined, 'kitchen', 'toys'),
        ...spans('rating', RATING, 'kitchen', 'toys'),
      ],
    ],
    [
      'another age: every list',
      { created_at: '2027-01-02T03:04:05.006+00:00' },
      [
        'product:42',
        'products',
        'products:category:kitchen',
        'products:created:2026-01-02',
        'products:created:2027-01-02',
        ...spans('price', PRICE, undefined, 'kitchen'),
        ...spans('rating', RATING, undefined, 'kitchen'),
      ],
    ],
  ])('%s', (_what, change, expected) => {
    expect(tags.evictedBy(KETTLE, { ...KETTLE, ...change }).sort()).toEqual(expected.sort());
  });

  it('an insert and a delete: every list, and featured if it is', () => {
    const featured = { ...KETTLE, rating: '4.90' };
    expect(tags.evictedBy(undefined, KETTLE)).toEqual([
      'product:42',
      'products',
      'products:category:kitchen',
      'products:created:2026-01-02',
      ...[undefined, 'kitchen'].flatMap((category) => [
        ...spans('price', PRICE, category),
        ...spans('rating', RATING, category),
      ]),
    ]);
    expect(tags.evictedBy(featured, undefined)).toEqual([
      'product:42',
      'products',
      'products:category:kitchen',
      'products:featured',
      'products:created:2026-01-02',
      ...[undefined, 'kitchen'].flatMap((category) => [
        ...spans('price', PRICE, category),
        ...spans('rating', ['4.75-', '4-'], category),
      ]),
    ]);
  });

  it('a watchlist is its user’s, whatever they are called', () => {
    const row = { user_id: 'zoë "x"', product_id: '1', added_at: '' };
    expect(watchlistEvictedBy({ after: row })).toEqual([watchlistTag('zoë "x"')]);
    const [text] = new Pseudonyms().tagTexts([watchlistTag('\ud800')]);
    expect(text).toMatch(/^[\x20-\x7e]+$/);
  });
});

it('a price outside of a filter, or past the last product of a page by price, concerns neither', () => {
  const filtered = tags.countTags({ category: 'kitchen', max_price: 20 });
  const byPrice = tags.pageTags({ category: 'kitchen' }, 'price', 19.9);
  const survive = (before?: Partial<ProductRow>, after?: Partial<ProductRow>): boolean[] => {
    const evicted = tags.evictedBy(before && { ...KETTLE, ...before }, after && { ...KETTLE, ...after });
    return [filtered, byPrice].map((list) => !list.some((tag) => evicted.includes(tag)));
  };
  expect(survive({ price: '39.90' }, { price: '45.00' })).toEqual([true, true]);
  expect(survive({ price: '39.90' }, { price: '15.00' })).toEqual([false, false]);
  expect(survive(undefined, { price: '39.90' })).toEqual([true, true]);
  expect(survive({ category: 'toys' }, { category: 'kitchen' })).toEqual([true, true]);
  expect(survive({ price: '20.00' }, undefined)).toEqual([false, false]);
});
