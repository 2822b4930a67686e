/** Time, injected so that tests can set it. Fake timers would hang the Redis client. */
export interface Time {
  /** Wall clock in milliseconds since 1970, shared by nodes (`createdAt`, TTLs). May step backwards. */
  wall(): number;
  /** Monotonic clock in milliseconds, which Law 6 is measured with. Valid in this process only. */
  mono(): number;
  /** Resolves after `ms`; does not keep the process alive. */
  sleep(ms: number): Promise<void>;
}

export const systemTime: Time = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
};
