import fc from 'fast-check';
import type { Ordering, ProductFilter } from '../../src/products/dto/product-query.dto';
import { ORDERINGS } from '../../src/products/dto/product-query.dto';
import * as tags from '../../src/products/product.tags';
import type { ProductRow } from '../../src/products/product.tags';
import { type Catalogue, cursorPage, KETTLE, list } from './catalogue-model';
import { watchlistEvictedBy, watchlistTag } from '../../src/account/watchlist.tags';
import { Pseudonyms } from '../../src/caching/core/clock/pseudonyms';

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
      ['product:42', 'products:price', 'products:category:kitchen:price'],
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
      ['product:42', 'products:rating', 'products:category:kitchen:rating'],
    ],
    [
      'a rating over the line: featured too',
      { rating: '4.50' },
      ['product:42', 'products:featured', 'products:rating', 'products:category:kitchen:rating'],
    ],
    [
      'a move: both categories',
      { category: 'toys' },
      ['product:42', 'products:categories', 'products:category:kitchen', 'products:category:toys'],
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
    ]);
    expect(tags.evictedBy(featured, undefined)).toEqual([
      'product:42',
      'products',
      'products:category:kitchen',
      'products:featured',
      'products:created:2026-01-02',
    ]);
  });

  it('a watchlist is its user’s, whatever they are called', () => {
    const row = { user_id: 'zoë "x"', product_id: '1', added_at: '' };
    expect(watchlistEvictedBy({ after: row })).toEqual([watchlistTag('zoë "x"')]);
    const [text] = new Pseudonyms().tagTexts([watchlistTag('\ud800')]);
    expect(text).toMatch(/^[\x20-\x7e]+$/);
  });
});

const shown = (rows: Catalogue): string[] => tags.shownTags(rows.map(({ id }) => ({ id: Number(id) })));

/** Every kind of answer the catalogue gives, with the tags it is cached under. */
function answers(rows: Catalogue, filter: ProductFilter, ordering: Ordering): { answer: unknown; tags: string[] }[] {
  const page = list(rows, filter, ordering);
  const featured = list(rows, { min_rating: 4.5 }, '-created_at');
  const categories = [...new Set(rows.map(({ category }) => category))].sort();
  const stats = categories.map((name) => {
    const own = rows.filter(({ category }) => category === name);
    return [
      name,
      own.length,
      own.map(({ price }) => Number(price)).sort(),
      own.map(({ rating }) => Number(rating)).sort(),
    ];
  });
  return [
    { answer: page.length, tags: tags.countTags(filter) },
    { answer: page.slice(0, 2), tags: [...tags.listTags(filter, ordering), ...shown(page.slice(0, 2))] },
    { answer: featured.slice(0, 2), tags: [...tags.featuredTags(), ...shown(featured.slice(0, 2))] },
    { answer: featured.length, tags: tags.featuredTags() },
    { answer: stats, tags: tags.statsTags() },
    ...[false, true].map((backwards) => cursorPage(page, filter, ordering, backwards)),
    { answer: rows.find(({ id }) => id === '1'), tags: [tags.productTag(1)] },
  ];
}

const word = fc.constantFrom('red', 'blue', 'tin');
const row: fc.Arbitrary<Omit<ProductRow, 'id'>> = fc.record({
  name: word,
  price: fc.constantFrom('1.00', '2.00', '3.00'),
  description: word,
  category: fc.constantFrom('toys', 'pets'),
  stock: fc.constantFrom('0', '1', '2'),
  rating: fc.constantFrom('1.00', '4.49', '4.50', '5.00'),
  created_at: fc.constantFrom('2026-01-01', '2026-01-02', '2026-01-03'),
});
const filter: fc.Arbitrary<ProductFilter> = fc.record(
  {
    category: fc.constantFrom('toys', 'pets'),
    min_price: fc.constantFrom(1, 2, 3),
    max_price: fc.constantFrom(1, 2, 3),
    min_rating: fc.constantFrom(1, 4.5),
    in_stock: fc.boolean(),
    search: word,
  },
  { requiredKeys: [] },
);

it('every response that a write changes carries a tag that the write invalidates', () => {
  let changed = 0;
  let kept = 0;
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 6 }),
      fc.option(row, { nil: undefined }),
      fc.boolean(),
      filter,
      fc.constantFrom(...ORDERINGS),
      (rows, next, insert, narrowing, ordering) => {
        const before = rows.map((values, index) => ({ id: String(index + 1), ...values }));
        const target = insert ? undefined : before[0];
        const written = next && { id: target?.id ?? '99', ...next };
        const after = [...before.filter((one) => one !== target), ...(written ? [written] : [])];
        const evicted = new Set(tags.evictedBy(target, written));
        const old = answers(before, narrowing, ordering);
        answers(after, narrowing, ordering).forEach(({ answer }, index) => {
          const survives = !old[index]!.tags.some((tag) => evicted.has(tag));
          if (JSON.stringify(answer) === JSON.stringify(old[index]!.answer)) kept += survives ? 1 : 0;
          else {
            changed += 1;
            expect({ index, survives, evicted: [...evicted], tags: old[index]!.tags }).toMatchObject({
              survives: false,
            });
          }
        });
      },
    ),
    { numRuns: 5_000 },
  );
  // A property that never met a change, or rules that evict everything, would say nothing.
  expect(changed).toBeGreaterThan(2_000);
  expect(kept).toBeGreaterThan(2_000);
});
