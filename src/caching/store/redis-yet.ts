import { KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-redis-yet';
import { Keyv } from 'keyv';
import type { RedisLink } from '../redis/redis-link';

/**
 * A Keyv over cache-manager-redis-yet over our own link. The only file that knows redis-yet: it is deprecated
 * upstream. redis-yet is handed the few commands it may use: each with the link's deadline, and no FLUSHDB, which is
 * what its `reset()` sends.
 */
export function redisYetKeyv(link: RedisLink, namespace: string): Keyv {
  const client = {
    get: (key: string) => link.send(key, ['GET', key]),
    set: (key: string, value: string, options?: { PX: number }) =>
      link.send(key, ['SET', key, value, ...(options ? ['PX', String(Math.ceil(options.PX))] : [])]),
    del: (key: string) => link.send(key, ['UNLINK', key]),
    pTTL: (key: string) => link.send(key, ['PTTL', key]),
  };
  const store = redisInsStore(client as never);
  const keyv = new Keyv({
    store: new KeyvAdapter(store),
    namespace,
    throwOnErrors: true,
    // Without these Keyv would hand redis-yet a string, to be put into JSON once more.
    serialize: undefined,
    deserialize: undefined,
  });
  // Keyv emits what it also throws; an "error" nobody listens to would be thrown a second time.
  keyv.on('error', () => undefined);
  return keyv;
}
