/** Units of each currency for one unit of `base`, in the form that frankfurter.dev and others like it answer. */
export interface RateTable {
  base: string;
  /** ISO 8601 day the rates are of. */
  date: string;
  rates: Record<string, number>;
}

const CURRENCY = /^[A-Z]{3}$/;

/** The rates API did not give a table of rates. The message says what was wrong, and quotes nothing of it. */
export class RatesError extends Error {}

/**
 * Checks what an API sent, field by field: a zero, a text or a missing base would become wrong prices.
 * @throws RatesError
 */
export function parseRateTable(body: unknown): RateTable {
  if (typeof body !== 'object' || body === null) throw new RatesError('the answer is not a JSON object');
  const { base, date, rates } = body as Record<string, unknown>;
  if (typeof base !== 'string' || !CURRENCY.test(base)) throw new RatesError('base is not a currency code');
  if (typeof date !== 'string' || Number.isNaN(Date.parse(date))) throw new RatesError('date is not a date');
  if (typeof rates !== 'object' || rates === null) throw new RatesError('rates is not an object');
  const entries = Object.entries(rates);
  if (entries.length === 0) throw new RatesError('rates is empty');
  for (const [currency, rate] of entries) {
    if (!CURRENCY.test(currency)) throw new RatesError('rates has a name that is not a currency code');
    if (typeof rate !== 'number' || !Number.isFinite(rate) || rate <= 0) {
      throw new RatesError(`the rate of ${currency} is not a positive number`);
    }
  }
  return { base, date: date.slice(0, 10), rates: Object.fromEntries(entries) };
}

/** The same rates seen from another currency. @throws RatesError where the table does not know it */
export function rebase(table: RateTable, base: string): RateTable {
  const all: Record<string, number> = { ...table.rates, [table.base]: 1 };
  const unit = all[base];
  if (unit === undefined) throw new RatesError(`there is no rate of ${base}`);
  const rates = Object.entries(all).map(([currency, rate]) => [currency, significant(rate / unit)] as const);
  return { base, date: table.date, rates: Object.fromEntries(rates) };
}

/** Ten digits: more than any source gives, and free of the noise of the division. */
function significant(rate: number): number {
  return Number(rate.toPrecision(10));
}
