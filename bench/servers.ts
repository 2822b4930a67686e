import { answers, POSTGRES_URL, REDIS_URL } from '../test/support/backends';
import { RedisServer } from '../test/support/redis-server';
import { Catalogues } from './catalogues';
import { has } from './processes';

export interface Servers {
  postgresUrl: string;
  redisUrl: string;
  catalogues: Catalogues;
  close: () => Promise<void>;
}

/**
 * PostgreSQL at TEST_DATABASE_URL or the usual local port, and a Redis process of our own, or where there is no redis-server the one at
 * TEST_REDIS_URL. @throws RangeError that says what is missing
 */
export async function findServers(): Promise<Servers> {
  const ownRedis = has('redis-server');
  const missing = [
    ...((await answers(POSTGRES_URL, 5432)) ? [] : ['a PostgreSQL server (set TEST_DATABASE_URL)']),
    ...(ownRedis || (await answers(REDIS_URL, 6379)) ? [] : ['redis-server, or a Redis (set TEST_REDIS_URL)']),
  ];
  if (missing.length > 0) throw new RangeError(`The benchmarks need ${missing.join(' and ')}; none is found.`);
  const redis = ownRedis ? await RedisServer.start() : undefined;
  const catalogues = new Catalogues(POSTGRES_URL);
  return {
    postgresUrl: POSTGRES_URL,
    redisUrl: redis?.url ?? REDIS_URL,
    catalogues,
    close: async () => {
      await catalogues.drop();
      await redis?.stop();
    },
  };
}
