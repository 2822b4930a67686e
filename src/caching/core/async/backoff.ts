/** Delays between attempts, in milliseconds: each twice as long as the one before, up to the longest. Named as cockatiel's. */
export interface Backoff {
  readonly initialDelay: number;
  readonly maxDelay: number;
}

/** The delay before attempt `attempt` is repeated. @param attempt counts from 1 */
export function delayAfter({ initialDelay, maxDelay }: Backoff, attempt: number): number {
  return Math.min(initialDelay * 2 ** (attempt - 1), maxDelay);
}

/** Every delay in turn, without end. */
export function* pauses(backoff: Backoff): Generator<number, never> {
  for (let attempt = 1; ; attempt++) yield delayAfter(backoff, attempt);
}
