import { connect } from 'node:net';
import { RedisServer } from '../test/support/redis-server';
import { Catalogues } from './catalogues';
import { has } from './processes';

const POSTGRES_URL = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const REDIS_URL = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

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
    ...((await listens(POSTGRES_URL, 5432)) ? [] : ['a PostgreSQL server (set TEST_DATABASE_URL)']),
    ...(ownRedis || (await listens(REDIS_URL, 6379)) ? [] : ['redis-server, or a Redis (set TEST_REDIS_URL)']),
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

/** Whether a server listens at this URL. */
function listens(url: string, fallbackPort: number): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) || fallbackPort });
    const end = (there: boolean) => () => {
      socket.destroy();
      resolve(there);
    };
    socket.setTimeout(2_000, end(false)).once('connect', end(true)).once('error', end(false));
  });
}
