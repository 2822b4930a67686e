/** Time is injected, so that a test decides what the hour is; fake timers would hang the Redis client. */
export interface Time {
  /** Wall clock, milliseconds since 1970: what nodes share (`createdAt`, TTLs). May step. */
  wall(): number;
  /** Milliseconds that never step back: what Law 6 is measured with. Means nothing outside this process. */
  mono(): number;
  /** Resolves after `ms`; does not keep the process alive. */
  sleep(ms: number): Promise<void>;
}

export const systemTime: Time = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
};
