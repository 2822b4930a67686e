import { Inject, Injectable, Logger } from '@nestjs/common';
import { CacheError } from '../caching.errors';
import type { CacheStack } from '../core/cache-stack';
import { CACHE_STACK, DEGRADED_AFTER_MS } from '../caching.tokens';

/** State of one part. Degraded: responses are still right, but fewer are cached, or an edge lags behind. */
export type PartHealth = { readonly degraded: boolean } & Readonly<Record<string, string | number | boolean>>;

/** State of the cache's parts for a readiness probe. `Eviction` reports the outbox. */
@Injectable()
export class CacheHealth {
  private purges: PartHealth | undefined;
  private readonly logger = new Logger('Trust');

  constructor(@Inject(CACHE_STACK) private readonly stack: CacheStack) {
    stack.events.on('trust', (state, cause) => this.log(state, cause));
    stack.events.on('purgeQueue', (waiting, oldestMs) => {
      this.purges = { degraded: oldestMs > DEGRADED_AFTER_MS, waiting, oldest_ms: Math.round(oldestMs) };
    });
  }

  parts(): Record<string, PartHealth> {
    const { redis, trust } = this.stack;
    const { isClockLive, cause } = trust;
    const state = redis ? (redis.isUp ? 'up' : 'unavailable') : 'none';
    const broken = redis?.isBroken ?? false;
    return {
      redis: { degraded: state === 'unavailable', state },
      breaker: { degraded: broken, state: broken ? 'open' : 'closed' },
      clock: { degraded: !isClockLive, state: isClockLive ? 'live' : 'unavailable' },
      // The code alone: who may read this need not know of roles and tables. The log has the rest.
      trust:
        cause === undefined
          ? { degraded: false, state: 'proved' }
          : { degraded: true, state: 'unproved', cause: codeOf(cause) },
      ...(this.purges && { edge: this.purges }),
    };
  }

  /** Once when it ends, with the cause, and once when it is back. */
  private log(state: 'proved' | 'unproved', cause: unknown): void {
    if (state === 'proved') this.logger.log('every write is known to this node again: it serves cached values');
    else
      this.logger.warn(
        { err: cause },
        'this node cannot prove that it knows of every write: it serves nothing from the cache until it can',
      );
  }
}

/** A code of ours, of Redis, of PostgreSQL or of the system: that of the error, or of the nearest cause that has one. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'CACHE_OUTBOX_UNUSABLE';
  const isWrapper = error.cause !== undefined && error instanceof CacheError && error.code === 'CACHE_UNTRUSTED';
  return (isWrapper ? undefined : ownCode(error)) ?? codeOf(error.cause);
}

function ownCode(error: Error & { code?: unknown }): string | undefined {
  if (typeof error.code === 'string') return error.code;
  // An error reply of Redis begins with its code.
  return error.name === 'ReplyError' ? error.message.split(' ', 1)[0] : undefined;
}
