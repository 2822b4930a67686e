import { CACHE_TOKEN } from '../../core/clock/cache-token';
import { batches } from './batches';
import { EVERYTHING, MAX_FIELD } from '../../edge/edge-tags';
import { call } from './purge-call';
import type { Purger } from './purger';

/** Varnish with xkey (varnish-modules): `docker/varnish` has the VCL that takes these. */
export class VarnishPurger implements Purger {
  /** @param generation all that this process knows of the clock, the stamps of what it purges included */
  constructor(
    private readonly url: string,
    private readonly generation: () => string,
  ) {}

  async purge(tags: readonly string[]): Promise<void> {
    for (const some of batches(tags, { tags: Infinity, bytes: MAX_FIELD })) {
      await call({
        method: 'PURGE',
        url: this.url,
        headers: { 'xkey-purge': some.join(' '), [CACHE_TOKEN]: this.generation() },
      });
    }
  }

  /** Every answer carries a tag for this. */
  purgeEverything(): Promise<void> {
    return this.purge([EVERYTHING]);
  }
}
