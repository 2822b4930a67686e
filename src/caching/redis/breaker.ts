import { circuitBreaker, ConsecutiveBreaker, handleWhen, type CircuitBreakerPolicy } from 'cockatiel';
import { CacheError } from '../caching.errors';

/** Commands in a row that may go unanswered before a connection is given up. */
const UNANSWERED = 5;

/**
 * A breaker for one connection. Only silence counts: an error reply, even "out of memory", is an answer. It never
 * half-opens: when it breaks, the connection is replaced, and a new one is up only after it answered a PING.
 */
export function connectionBreaker(onBreak: (cause: unknown) => void): CircuitBreakerPolicy {
  const silence = handleWhen((error) => error instanceof CacheError && error.code === 'CACHE_TIMEOUT');
  const breaker = circuitBreaker(silence, {
    breaker: new ConsecutiveBreaker(UNANSWERED),
    halfOpenAfter: Number.MAX_SAFE_INTEGER,
  });
  breaker.onBreak((reason) => onBreak('error' in reason ? reason.error : reason));
  return breaker;
}
