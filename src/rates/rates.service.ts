import { Inject, Injectable, Logger } from '@nestjs/common';
import { CacheQuery } from '../caching';
import { fetchFault, Problem } from '../http';
import { RatesClient } from './rates.client';
import { RatesDto } from './rates.dto';

/** The currency that the catalogue's prices are in. */
export const CATALOGUE_CURRENCY = 'USD';

/** No write changes the rates; an administrator invalidates them by this tag. */
export const ALL_RATES = 'rates';

export interface Rate extends Pick<RatesDto, 'as_of' | 'source'> {
  /** Units of the currency for one unit of the catalogue's. */
  rate: number;
}

@Injectable()
export class RatesService {
  private readonly logger = new Logger(RatesService.name);

  constructor(@Inject(RatesClient) private readonly client: RatesClient) {}

  /**
   * All rates, from the catalogue's currency. They change once a day; while their source is unavailable, yesterday's are better than none.
   * @throws Problem 503
   */
  @CacheQuery({ tags: [ALL_RATES], ttl: '10m', grace: '1d' })
  async rates(): Promise<RatesDto> {
    try {
      const table = await this.client.fetch(CATALOGUE_CURRENCY);
      return { base: table.base, as_of: table.date, source: this.client.source, rates: table.rates };
    } catch (error) {
      this.logger.warn({ reason: fetchFault(error) }, 'no exchange rates');
      throw new Problem(503, 'There are no exchange rates at the moment. Prices in USD are not affected.', {
        headers: { 'retry-after': '10' },
      });
    }
  }

  /** @throws Problem 400 for a currency without a rate; 503 without rates */
  async rateOf(currency: string): Promise<Rate> {
    const { rates, as_of, source } = await this.rates();
    const rate = Object.hasOwn(rates, currency) ? rates[currency] : undefined;
    if (rate === undefined) {
      const known = Object.keys(rates).sort().join(', ');
      throw Problem.badRequest([
        { in: 'query', name: 'currency', detail: `currency ${currency} has no rate; these have: ${known}` },
      ]);
    }
    return { rate, as_of, source };
  }
}
