import { batches } from './batches';
import { call, failure, type PurgeCall } from './purge-call';
import type { Purger } from './purger';

/** Tags of one call, in every plan. An account's calls are rate limited by a token bucket: 429 when it is empty. */
const LIMITS = { tags: 100 };

/** Cloudflare's purge API. `url` is the zone's: `https://api.cloudflare.com/client/v4/zones/ID`. */
export class CloudflarePurger implements Purger {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  async purge(tags: readonly string[]): Promise<void> {
    for (const some of batches(tags, LIMITS)) await this.post({ tags: some });
  }

  async purgeEverything(): Promise<void> {
    await this.post({ purge_everything: true });
  }

  private async post(body: object): Promise<void> {
    const request: PurgeCall = {
      method: 'POST',
      url: `${this.url}/purge_cache`,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    if (!isSuccess(await call(request))) throw failure(request, 'answered without success');
  }
}

/** The API reports some errors with status 200. */
function isSuccess(text: string): boolean {
  try {
    return (JSON.parse(text) as { success?: unknown } | null)?.success === true;
  } catch {
    return false;
  }
}
