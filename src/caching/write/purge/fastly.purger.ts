import { batches } from './batches';
import { MAX_FIELD } from '../../edge/edge-tags';
import { call } from './purge-call';
import type { Purger } from './purger';

/** Keys of one call as Fastly documents them, in a header of at most 4 kB. */
const LIMITS = { tags: 256, bytes: MAX_FIELD };

/** Fastly's purge API. `url` is the service's: `https://api.fastly.com/service/ID`. */
export class FastlyPurger implements Purger {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  async purge(tags: readonly string[]): Promise<void> {
    for (const keys of batches(tags, LIMITS)) await this.post('/purge', { 'surrogate-key': keys.join(' ') });
  }

  async purgeEverything(): Promise<void> {
    await this.post('/purge_all');
  }

  private async post(path: string, headers: Record<string, string> = {}): Promise<void> {
    const own = { 'fastly-key': this.token, accept: 'application/json' };
    await call({ method: 'POST', url: this.url + path, headers: { ...own, ...headers } });
  }
}
