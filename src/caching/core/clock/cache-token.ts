import { CacheError } from '../../caching.errors';
import type { Instant, TagClock } from './tag-clock';

/**
 * Carries `<epoch>.<tick>` of the tag clock: on a write's response the state that has the write in it, on a request the state that the
 * response must not be older than. A client sends back what it was given; Varnish sends what its last purge was given.
 */
export const CACHE_TOKEN = 'cache-token';

/** How long a read waits for a clock that does not respond. After that no node trusts its L1 (Law 6), so nothing old is served. */
export interface CatchUpLimits {
  /** ms */
  readonly maxLag: number;
}

export function tokenText({ epoch, tick }: Pick<Instant, 'epoch' | 'tick'>): string {
  return `${epoch}.${tick}`;
}

/** Whether a node at `instant` knows all that `token` names. Another epoch, or no token at all: no. */
export function isKnownAt(instant: Pick<Instant, 'epoch' | 'tick'>, token: string): boolean {
  const dot = token.lastIndexOf('.');
  return token.slice(0, dot) === instant.epoch && Number(token.slice(dot + 1)) <= instant.tick;
}

/** Whether a request names stamps that `clock` has not learned yet. Runs on every hit; few requests have a token. */
export function isBehind(
  clock: Pick<TagClock, 'instant'>,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): boolean {
  return headers[CACHE_TOKEN] !== undefined && mayLack(clock.instant(), headers);
}

/** Whether what was read at `instant` may lack a write that the request names: grace must not serve it. */
export function mayLack(
  instant: Pick<Instant, 'epoch' | 'tick'>,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): boolean {
  const token = headers[CACHE_TOKEN] as string | undefined;
  return token !== undefined && !isKnownAt(instant, token);
}

/**
 * Queries the clock, so that this node knows every stamp. A forged token costs that one query, which all waiting callers share.
 * @returns false when the clock did not reply: after `maxLag` where it is slow, at once where it is known to be unavailable
 */
export async function catchUp(clock: Pick<TagClock, 'now'>, { maxLag }: CatchUpLimits): Promise<boolean> {
  const until = performance.now() + maxLag;
  for (;;) {
    try {
      await clock.now();
      return true;
    } catch (error) {
      const isSlow = error instanceof CacheError && error.code === 'CACHE_TIMEOUT';
      if (!isSlow || performance.now() > until) return false;
    }
  }
}
