import { randomUUID } from 'node:crypto';
import type { RedisClient } from '../../redis/client';
import { redisScript } from '../../redis/script';

/** A lease that lets one node of many load a key. An optimisation: two concurrent loads are correct as well. */
export interface FillLock {
  /** Resolves to the function that releases the lock, or to undefined while another node holds it. Rejects when Redis fails. */
  acquire(key: string): Promise<(() => Promise<void>) | undefined>;
}

/** Releases the lock only with its own token: it may have expired and belong to another node. */
const RELEASE = redisScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`);

export class RedisFillLock implements FillLock {
  constructor(
    private readonly link: RedisClient,
    private readonly prefix: string,
    /** Milliseconds after which an unreleased lock expires. */
    private readonly ttl: number,
  ) {}

  async acquire(key: string): Promise<(() => Promise<void>) | undefined> {
    const name = `${this.prefix}:lock:${key}`;
    const token = randomUUID();
    const reply = await this.link.send(name, ['SET', name, token, 'NX', 'PX', String(this.ttl)]);
    if (reply !== 'OK') return undefined;
    return async () => {
      await this.link.script(RELEASE, name, [token]);
    };
  }
}
