import { ExponentialBackoff, handleWhen, retry, TaskCancelledError, timeout, TimeoutStrategy, wrap } from 'cockatiel';
import { PurgeError } from './purger';

/** Timeout of one attempt, in ms, and the retries for short faults. After that the queue retries. */
const TRY_TIMEOUT = 2_000;
const RETRIES = 1;
/** Wait after a 429 without Retry-After, in ms. */
const DEFAULT_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

export interface PurgeCall {
  method: 'POST' | 'PURGE';
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

const policy = wrap(
  retry(
    handleWhen((error) => !(error instanceof PurgeError && error.retryAfter !== undefined)),
    { maxAttempts: RETRIES, backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 500 }) },
  ),
  timeout(TRY_TIMEOUT, TimeoutStrategy.Aggressive),
);

/**
 * Sends one call to an edge within a deadline, with one retry; a 429 is not retried.
 * @returns the body of a 2xx response @throws PurgeError
 */
export async function call(request: PurgeCall): Promise<string> {
  try {
    return await policy.execute(({ signal }) => once(request, signal));
  } catch (error) {
    if (error instanceof PurgeError) throw error;
    throw failure(request, reason(error));
  }
}

/** Names the method, the URL and the cause. Headers are left out, as they hold the token. */
export function failure({ method, url }: PurgeCall, why: string, retryAfter?: number): PurgeError {
  return new PurgeError(`${method} ${url}: ${why}`, retryAfter);
}

async function once(request: PurgeCall, signal: AbortSignal): Promise<string> {
  const { method, url, headers, body } = request;
  // A redirect would send the token to another host.
  const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' });
  const text = await response.text();
  if (response.status === 429) throw failure(request, 'answered 429', pauseOf(response.headers.get('retry-after')));
  if (!response.ok) throw failure(request, `answered ${response.status}`);
  return text;
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function pauseOf(retryAfter: string | null): number {
  if (retryAfter === null) return DEFAULT_PAUSE;
  const wanted = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(wanted) ? DEFAULT_PAUSE : Math.min(Math.max(wanted, 0), LONGEST_PAUSE);
}

/** fetch puts the error code into the cause of "fetch failed". */
function reason(error: unknown): string {
  if (error instanceof TaskCancelledError) return `no response within ${TRY_TIMEOUT} ms`;
  return (error as { cause?: { code?: string } }).cause?.code ?? 'could not be reached';
}
