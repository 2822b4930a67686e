import type { CachingOptions } from './caching';
import type { AppConfig } from './config';

/** The environment's settings as the cache's options. */
export function cachingOptions({ cache, redis }: AppConfig): CachingOptions {
  const { ttl, grace, l1MaxBytes, maxLag, consistency, prefix, l2Timeout } = cache;
  return { ttl, grace, l1MaxBytes, maxLag, consistency, prefix, l2Timeout, redis: redisTarget(redis) };
}

function redisTarget({ url, clusterNodes }: AppConfig['redis']): CachingOptions['redis'] {
  if (clusterNodes.length > 0) return { clusterNodes };
  return url === undefined ? undefined : { url };
}
