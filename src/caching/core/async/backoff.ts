/** Exponential back-off in milliseconds: each delay is twice the one before, up to `maxDelay`. Option names are cockatiel's. */
export interface Backoff {
  readonly initialDelay: number;
  readonly maxDelay: number;
}

/** The delay before attempt `attempt` is repeated. @param attempt counts from 1 */
export function delayAfter({ initialDelay, maxDelay }: Backoff, attempt: number): number {
  return Math.min(initialDelay * 2 ** (attempt - 1), maxDelay);
}

/** The endless sequence of delays. */
export function* pauses(backoff: Backoff): Generator<number, never> {
  for (let attempt = 1; ; attempt++) yield delayAfter(backoff, attempt);
}
