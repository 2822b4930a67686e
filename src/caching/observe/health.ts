import { Inject, Injectable } from '@nestjs/common';
import type { CacheStack } from '../core/cache-stack';
import { CACHE_STACK, DEGRADED_AFTER_MS } from '../caching.tokens';

/** State of one part. Degraded: responses are still right, but fewer are cached, or an edge lags behind. */
export type PartHealth = { readonly degraded: boolean } & Readonly<Record<string, string | number | boolean>>;

/** State of the cache's parts for a readiness probe. `Eviction` reports the outbox. */
@Injectable()
export class CacheHealth {
  private purges: PartHealth | undefined;

  constructor(@Inject(CACHE_STACK) private readonly stack: CacheStack) {
    stack.events.on('purgeQueue', (waiting, oldestMs) => {
      this.purges = { degraded: oldestMs > DEGRADED_AFTER_MS, waiting, oldest_ms: Math.round(oldestMs) };
    });
  }

  parts(): Record<string, PartHealth> {
    const { redis, isTrusted } = this.stack;
    const state = redis ? (redis.isUp ? 'up' : 'unavailable') : 'none';
    const broken = redis?.isBroken ?? false;
    return {
      redis: { degraded: state === 'unavailable', state },
      breaker: { degraded: broken, state: broken ? 'open' : 'closed' },
      clock: { degraded: !isTrusted, state: isTrusted ? 'live' : 'unavailable' },
      ...(this.purges && { edge: this.purges }),
    };
  }
}
