import { Inject, Injectable } from '@nestjs/common';
import { bulkhead, ExponentialBackoff, handleAll, retry, timeout, TimeoutStrategy, wrap } from 'cockatiel';
import { loadSignal } from '../caching';
import { AppConfig } from '../config';
import { fetchJson } from '../http';
import { parseRateTable, RateTable, rebase } from './rate-table';
import { SHIPPED_RATES } from './shipped-rates';

/** Of one try, and how many more there are: a caller waits for about three seconds at most. */
const TRY_TIMEOUT = 1_000;
const RETRIES = 2;
/** Calls under way at a time, and in the queue: one does for all callers where results of methods are cached. */
const CALLS = 4;
const QUEUE = 4;
/** A table of every currency there is has 5 kB; what is larger is not one. In bytes. */
const MAX_ANSWER = 256 * 1024;

export type RateSource = 'api' | 'shipped';

/** Where exchange rates come from: the API at RATES_URL, or the table shipped with the project. */
@Injectable()
export class RatesClient {
  readonly source: RateSource;
  private readonly policy = wrap(
    bulkhead(CALLS, QUEUE),
    retry(handleAll, { maxAttempts: RETRIES, backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 200 }) }),
    timeout(TRY_TIMEOUT, TimeoutStrategy.Aggressive),
  );

  constructor(@Inject(AppConfig) private readonly config: AppConfig) {
    this.source = config.rates.url === undefined ? 'shipped' : 'api';
  }

  /**
   * @param base the currency that the rates shall be from
   * @throws when too many calls are under way, or the API does not give a table within the deadline, or gives one that is wrong or does not know `base`
   */
  async fetch(base: string): Promise<RateTable> {
    const { url } = this.config.rates;
    if (url === undefined) return rebase(SHIPPED_RATES, base);
    return this.policy.execute(async ({ signal }) => {
      const body = await fetchJson(url, { name: 'the rates API', signal, maxBytes: MAX_ANSWER });
      return rebase(parseRateTable(body), base);
    }, loadSignal());
  }
}
