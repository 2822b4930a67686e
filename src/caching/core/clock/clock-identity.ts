import { randomUUID } from 'node:crypto';
import { clockOf } from './redis-clock-scripts';
import type { RedisClockTransport } from './redis-clock-transport';

/**
 * Which clock this is: one run of one server. A replica that was promoted is another clock than its master, which may live on
 * and take stamps. What they have in common, as the keys of the prefix, does not distinguish them.
 */
export interface ClockIdentity {
  /** Asks the clock. @throws what the clock throws */
  current(): Promise<string>;
  /** Of the clock that gave `epoch`: the reply that carries a stamp's epoch says so itself, whatever the URL leads to since. */
  of(epoch: string): string;
}

/** A process that is its own clock is like no other. */
export function ownClock(): ClockIdentity {
  return fixedClock(`process:${randomUUID()}`);
}

/** A clock that never changes. */
export function fixedClock(name: string): ClockIdentity {
  return { current: () => Promise.resolve(name), of: () => name };
}

/** The clock in Redis names itself. */
export function redisClock(transport: Pick<RedisClockTransport, 'read'>): ClockIdentity {
  return { current: async () => clockOf((await transport.read()).epoch), of: clockOf };
}
