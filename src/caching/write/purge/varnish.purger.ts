import { CACHE_TOKEN } from '../../core/clock/cache-token';
import { batches } from './batches';
import { EVERYTHING, MAX_FIELD } from '../../edge/edge-tags';
import { call } from './purge-call';
import type { Purger } from './purger';

/** Varnish with xkey (varnish-modules): `docker/varnish` has the VCL that accepts these calls. */
export class VarnishPurger implements Purger {
  /** @param token the clock state of this node, which includes the stamps of the purged tags */
  constructor(
    private readonly url: string,
    private readonly token: () => string,
  ) {}

  async purge(tags: readonly string[]): Promise<void> {
    for (const some of batches(tags, { tags: Infinity, bytes: MAX_FIELD })) {
      await call({
        method: 'PURGE',
        url: this.url,
        headers: { 'xkey-purge': some.join(' '), [CACHE_TOKEN]: this.token() },
      });
    }
  }

  /** Every response carries this tag. */
  purgeEverything(): Promise<void> {
    return this.purge([EVERYTHING]);
  }
}
