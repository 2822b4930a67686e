import type { ProductFilter } from './dto/product-query.dto';

/** In cents: a price is at most this, and the step from one span to the next up there. The last step has no end. */
const STEPS: readonly (readonly [upTo: number, step: number])[] = [
  [1_000, 10],
  [10_000, 100],
  [100_000, 1_000],
  [1_000_000, 10_000],
  [10_000_000, 100_000],
  [100_000_000, 1_000_000],
  [1_000_000_000, 10_000_000],
  [10_000_000_000, 100_000_000],
  [100_000_000_000, 1_000_000_000],
  [Infinity, 10_000_000_000],
];

/**
 * SQL of one row: how many products a range of prices has (`count`), and how many rows `product_price_totals` has (`rows`). Whole spans are
 * summed; of the spans at the two ends the products themselves are counted, by their index. $1 is the category, if the filter has one.
 */
export function priceTotalSql({ category, min_price, max_price }: ProductFilter): string {
  const ofCategory = category === undefined ? '' : 'category = $1 AND ';
  const [from, to] = [min_price, max_price].map((price) => (price === undefined ? undefined : Math.round(price * 100)));
  const counted = (condition: string): string => `(SELECT count(*) FROM products WHERE ${ofCategory}${condition})`;
  const low = from === undefined ? undefined : spanOf(from);
  const high = to === undefined ? undefined : spanOf(to);
  const isOneSpan = low !== undefined && low.end === high?.end;
  const ends: string[] = [];
  if (isOneSpan) ends.push(counted(`price BETWEEN ${decimal(from!)} AND ${decimal(to!)}`));
  else {
    if (low) ends.push(counted(`price BETWEEN ${decimal(from!)} AND ${decimal(low.end)}`));
    if (high && high.end !== to) ends.push(counted(`price > ${decimal(high.start)} AND price <= ${decimal(to!)}`));
  }
  const whole = [
    ...(low ? [`up_to > ${decimal(low.end)}`] : []),
    ...(high ? [`up_to <= ${decimal(high.end === to ? high.end : high.start)}`] : []),
  ];
  const spans = `coalesce(sum(products) FILTER (WHERE ${ofCategory}${isOneSpan ? 'false' : whole.join(' AND ')}), 0)`;
  // The products are named before their totals, as a TRUNCATE locks them in that order.
  return `SELECT ${[...ends, spans].join(' + ')} AS count, count(*) AS rows FROM product_price_totals`;
}

/** The span of a price, without its start and with its end, as the triggers of the migration PriceTotals compute it. All in cents. */
export function spanOf(cents: number): { start: number; end: number } {
  const [, step] = STEPS.find(([upTo]) => cents <= upTo)!;
  const end = Math.ceil(cents / step) * step;
  return { start: end - step, end };
}

function decimal(cents: number): string {
  return (cents / 100).toFixed(2);
}
