import fc from 'fast-check';
import { spansAt, spansBetween } from '../../src/products/spans';

const COLUMNS = ['price', 'rating'] as const;
/** As the columns hold them: two decimals. Many are bounds of spans. */
const price = fc.oneof(fc.integer({ min: 0, max: 2_000_000 }), fc.integer({ min: 0, max: 2_000 })).map((n) => n / 100);
const rating = fc.integer({ min: 0, max: 500 }).map((n) => n / 100);
const numberOf = { price, rating };
const end = (column: (typeof COLUMNS)[number]): fc.Arbitrary<number | undefined> =>
  fc.option(numberOf[column], { nil: undefined });

it.each(COLUMNS)('a %s between two others is in one of the spans between them, and the spans are few', (column) => {
  let outside = 0;
  const property = fc.property(end(column), end(column), numberOf[column], (one, other, value) => {
    const [from, to] = one !== undefined && other !== undefined && one > other ? [other, one] : [one, other];
    const between = spansBetween(column, from, to);
    expect(between.length).toBeLessThanOrEqual(24);
    expect(new Set(between).size).toBe(between.length);
    const isCovered = spansAt(column, value).some((span) => between.includes(span));
    if (value >= (from ?? 0) && value <= (to ?? Infinity)) expect(isCovered).toBe(true);
    else if (!isCovered) outside += 1;
  });
  fc.assert(property, { numRuns: 3_000 });
  // Spans that cover everything would say nothing.
  expect(outside).toBeGreaterThan(500);
});

it('the ends of usual filters cut no span', () => {
  expect(spansBetween('price', undefined, 20)).not.toContain(spansAt('price', 20.01)[0]);
  expect(spansBetween('rating', 4, undefined)).not.toContain(spansAt('rating', 3.99)[0]);
});

it('what is no number is where PostgreSQL orders NaN: past all others', () => {
  expect(spansAt('price', NaN)).toEqual(spansAt('price', 1_000_000));
  expect(spansBetween('price', 50_000, undefined)).toContain(spansAt('price', NaN)[0]);
});
