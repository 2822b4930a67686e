import type { Client } from 'pg';
import { spanOf } from '../../src/products/price-totals';

/** Products by category and price, and the totals of the spans of prices, in one snapshot. */
const PRICES = `
  SELECT 'row' AS kind, category, price, count(*)::int AS products FROM products GROUP BY category, price
  UNION ALL SELECT 'total', category, up_to, sum(products)::int FROM product_price_totals GROUP BY category, up_to`;

/** Spans whose total differs from what the rows add up to, as the service works the spans out. */
export async function priceDifferences(client: Client): Promise<string[]> {
  const sums = new Map<string, number>();
  const { rows } = await client.query<{ kind: string; category: string; price: string; products: number }>(PRICES);
  for (const { kind, category, price, products } of rows) {
    const cents = Math.round(Number(price) * 100);
    const span = `${category} ${kind === 'row' ? spanOf(cents).end : cents}`;
    sums.set(span, (sums.get(span) ?? 0) + (kind === 'row' ? products : -products));
  }
  return [...sums].filter(([, sum]) => sum !== 0).map(([span, sum]) => `${span}: ${sum}`);
}
