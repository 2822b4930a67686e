import fc from 'fast-check';
import type { Ordering, ProductFilter } from '../../src/products/dto/product-query.dto';
import { columnOf, ORDERINGS } from '../../src/products/dto/product-query.dto';
import * as tags from '../../src/products/product.tags';
import type { ProductRow } from '../../src/products/product.tags';
import { type Catalogue, cursorPage, list, shownTags } from './catalogue-model';

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
    { answer: page.slice(0, 2), tags: [...tags.listTags(filter, ordering), ...shownTags(page.slice(0, 2))] },
    ...[0, 1, 2].map((from) => {
      const rowsOfPage = page.slice(from, from + 2);
      const last = rowsOfPage.length < 2 ? undefined : Number(rowsOfPage[1]![columnOf(ordering)]);
      return { answer: rowsOfPage, tags: [...tags.pageTags(filter, ordering, last), ...shownTags(rowsOfPage)] };
    }),
    { answer: featured.slice(0, 2), tags: [...tags.featuredTags(), ...shownTags(featured.slice(0, 2))] },
    { answer: featured.length, tags: tags.featuredTags() },
    { answer: stats, tags: tags.statsTags() },
    ...[false, true].map((backwards) => cursorPage(page, filter, ordering, backwards)),
    { answer: rows.find(({ id }) => id === '1'), tags: [tags.productTag(1)] },
  ];
}

const word = fc.constantFrom('red', 'blue', 'tin');
const row: fc.Arbitrary<Omit<ProductRow, 'id'>> = fc.record({
  name: word,
  price: fc.constantFrom('1.00', '2.00', '2.01', '3.00', '3.10', '40.00', '99999.00'),
  description: word,
  category: fc.constantFrom('toys', 'pets'),
  stock: fc.constantFrom('0', '1', '2'),
  rating: fc.constantFrom('0.00', '1.00', '1.10', '4.49', '4.50', '5.00'),
  created_at: fc.constantFrom('2026-01-01', '2026-01-02', '2026-01-03'),
});
const filter: fc.Arbitrary<ProductFilter> = fc.record(
  {
    category: fc.constantFrom('toys', 'pets'),
    min_price: fc.constantFrom(0, 1, 2, 3.05, 50_000),
    max_price: fc.constantFrom(1, 2, 3.05, 50, 1_000_000),
    min_rating: fc.constantFrom(0, 1, 1.05, 4.5),
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
