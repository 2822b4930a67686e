import { Inject, Injectable } from '@nestjs/common';
import { ExponentialBackoff, handleAll, retry, timeout, TimeoutStrategy, wrap } from 'cockatiel';
import { AppConfig } from '../config';
import { parseRateTable, RatesError, RateTable, rebase } from './rate-table';
import { SHIPPED_RATES } from './shipped-rates';

/** Of one try, and how many more there are: a caller waits for about three seconds at most. */
const TRY_TIMEOUT = 1_000;
const RETRIES = 2;
/** A table of every currency there is has 5 kB; what is larger is not one. In bytes. */
const MAX_ANSWER = 256 * 1024;

export type RateSource = 'api' | 'shipped';

/** Where exchange rates come from: the API at RATES_URL, or the table shipped with the project. */
@Injectable()
export class RatesClient {
  readonly source: RateSource;
  private readonly policy = wrap(
    retry(handleAll, { maxAttempts: RETRIES, backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 200 }) }),
    timeout(TRY_TIMEOUT, TimeoutStrategy.Aggressive),
  );

  constructor(@Inject(AppConfig) private readonly config: AppConfig) {
    this.source = config.rates.url === undefined ? 'shipped' : 'api';
  }

  /**
   * @param base the currency that the rates shall be from
   * @throws when the API does not give a table within the deadline, or gives one that is wrong or does not know `base`
   */
  async fetch(base: string): Promise<RateTable> {
    const { url } = this.config.rates;
    if (url === undefined) return rebase(SHIPPED_RATES, base);
    return this.policy.execute(async ({ signal }) => rebase(await fetchTable(url, signal), base));
  }
}

async function fetchTable(url: string, signal: AbortSignal): Promise<RateTable> {
  const response = await fetch(url, { signal, headers: { accept: 'application/json' } });
  if (!response.ok) {
    await response.body?.cancel();
    throw new RatesError(`the rates API answered ${response.status}`);
  }
  return parseRateTable(JSON.parse(await limitedText(response)) as unknown);
}

/** The body, as long as it is no longer than a table can be: an endless answer must not fill the memory. */
async function limitedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by an error cancels the stream.
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    size += bytes.byteLength;
    if (size > MAX_ANSWER) throw new RatesError(`the rates API sent more than ${MAX_ANSWER} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
