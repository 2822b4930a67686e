/** Time, injected so that tests can set it. Fake timers would hang the Redis client. */
export interface Time {
  /** Wall clock in milliseconds since 1970, shared by nodes (`createdAt`, TTLs). May step backwards. */
  wall(): number;
  /** Monotonic clock in milliseconds, which Law 6 is measured with. Valid in this process only. */
  mono(): number;
  /** Resolves after `ms`; does not keep the process alive. */
  sleep(ms: number): Promise<void>;
}

/** Milliseconds. By less than this the two clocks of a machine differ from one reading to the next, as they round differently. */
const ROUNDING = 10;

/**
 * A monotonic clock that counts the time for which the machine was suspended: a closed laptop, a paused virtual machine. Linux's
 * own stands still meanwhile, so a node that wakes would trust what it knew before. The wall clock does not stand still: what
 * it gains on the monotonic clock is added. To set it back subtracts nothing, and to set it forward ends trust early.
 */
export function countingSuspension(wall: () => number, mono: () => number): () => number {
  let ahead = wall() - mono();
  let suspended = 0;
  return () => {
    const now = mono();
    const gained = wall() - now - ahead;
    suspended += Math.max(0, gained);
    if (gained > 0 || gained < -ROUNDING) ahead += gained;
    return now + suspended;
  };
}

const wall = (): number => Date.now();

export const systemTime: Time = {
  wall,
  mono: countingSuspension(wall, () => performance.now()),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
};
