/** What a busy machine may add to anything, in ms. No claim fails for seconds; one that fails for ever does, as no TTL in the tests is as short. */
export const SLACK = 60_000;

/** Thrown by an attempt that no further try can help. */
export class GivenUp extends Error {}

/** Tries until `attempt` neither throws nor returns false; throws its last failure once `within` ms have passed, and a GivenUp at once. */
export async function eventually<T>(attempt: () => T | Promise<T>, within = SLACK): Promise<T> {
  const until = Date.now() + within;
  for (;;) {
    try {
      const value = await attempt();
      if (value !== false) return value;
      if (Date.now() > until) throw new Error(`not true within ${within} ms: ${attempt.toString()}`);
    } catch (error) {
      if (error instanceof GivenUp || Date.now() > until) throw error;
    }
    await pause(10);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
