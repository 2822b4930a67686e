import { UpstreamError } from '../http';

/** Units of each currency for one unit of `base`, in the form of frankfurter.dev and similar APIs. */
export interface RateTable {
  base: string;
  /** ISO 8601 day the rates are of. */
  date: string;
  rates: Record<string, number>;
}

const CURRENCY = /^[A-Z]{3}$/;
/** ISO 4217 knows about 180. */
const MAX_CURRENCIES = 500;
/** No two currencies are further apart: beyond it a table is broken, and a price multiplied by it is none. */
const MAX_RATE = 1e9;

/** The rates API did not give a table of rates. The message says what was wrong, and quotes nothing of it. */
export class RatesError extends UpstreamError {}

/**
 * Checks what an API sent, field by field: a zero, a text or a missing base would become wrong prices.
 * @throws RatesError
 */
export function parseRateTable(body: unknown): RateTable {
  if (typeof body !== 'object' || body === null) throw new RatesError('the response is not a JSON object');
  const { base, date, rates } = body as Record<string, unknown>;
  if (typeof base !== 'string' || !CURRENCY.test(base)) throw new RatesError('base is not a currency code');
  if (typeof date !== 'string' || !/^\d{4}-\d\d-\d\d/.test(date) || Number.isNaN(Date.parse(date)))
    throw new RatesError('date is not a date');
  if (typeof rates !== 'object' || rates === null) throw new RatesError('rates is not an object');
  const entries = Object.entries(rates);
  if (entries.length === 0) throw new RatesError('rates is empty');
  if (entries.length > MAX_CURRENCIES) throw new RatesError(`rates has more than ${MAX_CURRENCIES} currencies`);
  for (const [currency, rate] of entries) {
    if (!CURRENCY.test(currency)) throw new RatesError('rates has a name that is not a currency code');
    requireRate(currency, rate);
  }
  return { base, date: date.slice(0, 10), rates: Object.fromEntries(entries) };
}

/** The same rates seen from another currency. @throws RatesError where the table does not know it */
export function rebase(table: RateTable, base: string): RateTable {
  const all: Record<string, number> = { ...table.rates, [table.base]: 1 };
  const unit = all[base];
  if (unit === undefined) throw new RatesError(`there is no rate of ${base}`);
  const rates = Object.entries(all).map(([currency, rate]) => [currency, significant(rate / unit)] as const);
  for (const [currency, rate] of rates) requireRate(currency, rate);
  return { base, date: table.date, rates: Object.fromEntries(rates) };
}

/** Ten digits: more than any source gives, and free of the noise of the division. */
function significant(rate: number): number {
  return Number(rate.toPrecision(10));
}

function requireRate(currency: string, rate: unknown): asserts rate is number {
  if (typeof rate === 'number' && rate >= 1 / MAX_RATE && rate <= MAX_RATE) return;
  throw new RatesError(`the rate of ${currency} is not a number from ${1 / MAX_RATE} to ${MAX_RATE}`);
}
