import { Redis } from 'iovalkey';

/** Bytes of the values that L2 has of some entries, the median of each. @param starts how the keys begin, such as `view:/api/products` */
export async function l2Bytes(redisUrl: string, prefix: string, starts: readonly string[]): Promise<number[]> {
  const redis = new Redis(redisUrl);
  try {
    const of = `${prefix}:entry:strata:`;
    const keys = await redis.keys(`${of}*`);
    const sizes = await Promise.all(keys.map(async (key) => ({ key, bytes: await redis.strlen(key) })));
    return starts.map((start) => {
      const found = sizes.filter(({ key }) => key.startsWith(of + start)).map(({ bytes }) => bytes);
      return found.sort((a, b) => a - b)[Math.floor(found.length / 2)] ?? NaN;
    });
  } finally {
    redis.disconnect();
  }
}
