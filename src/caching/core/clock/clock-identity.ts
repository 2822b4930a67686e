import { randomUUID } from 'node:crypto';
import type { RedisClient } from '../redis/client';

/** Which clock this is. Two servers that use the same prefix are two clocks; a server and the replica that follows it are one. */
export type ClockIdentity = () => Promise<string>;

/** A process that is its own clock is like no other. */
export function ownClock(): ClockIdentity {
  const name = `process:${randomUUID()}`;
  return () => Promise.resolve(name);
}

/** Kept in Redis beside the clock. @throws what RedisClient throws */
export function redisClock(redis: RedisClient, prefix: string): ClockIdentity {
  const key = `{${prefix}}:clock-id`;
  return async () => {
    const [, name] = await Promise.all([
      redis.send(key, ['SET', key, `redis:${prefix}:${randomUUID()}`, 'NX']),
      redis.send(key, ['GET', key]),
    ]);
    return String(name);
  };
}
