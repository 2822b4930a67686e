import type { Backend } from './backends';
import { RedisServer } from './redis-server';
import { startStrata, type StrataProcess } from './strata-process';

/** A service for a whole suite on a Redis of its own, which its tests may kill or freeze. */
export function useOwnRedis(open: () => Promise<Backend>): { service: () => StrataProcess; redis: () => RedisServer } {
  let backend: Backend;
  let redis: RedisServer;
  let service: StrataProcess;

  beforeAll(async () => {
    backend = await open();
    redis = await RedisServer.start();
    service = await startStrata({ ...backend.env, REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await service.stop();
    await redis.stop();
    await backend.dispose();
  });
  return { service: () => service, redis: () => redis };
}
