import { randomUUID } from 'node:crypto';
import type { RedisClient } from '../../redis/client';
import { redisScript } from '../../redis/script';

/** Lets one node of many load a key. An optimisation: nothing is wrong when two do. */
export interface FillLock {
  /** The function that gives it back, or undefined while another node holds it. Rejects when Redis is ill. */
  acquire(key: string): Promise<(() => Promise<void>) | undefined>;
}

/** Gives the lock back only if it is still ours: it may have run out and belong to somebody else. */
const RELEASE = redisScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`);

export class RedisFillLock implements FillLock {
  constructor(
    private readonly link: RedisClient,
    private readonly prefix: string,
    /** Milliseconds after which a lock that nobody gave back is free again. */
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
