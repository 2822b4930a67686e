import { Redis } from 'iovalkey';
import { CACHE_STACK, CacheEventBus, type CacheStack, type CachingOptions } from '../../src/caching';
import { eventually } from './eventually';
import { APPLICATION, ForgedEntries, SECRET, type Sealing } from './forged-entries';
import { type AppParts, type CachedApp, cachedApp, closeApps } from './nest-app';
import { needs } from './needs';
import { RedisServer } from './redis-server';

const PREFIX = 'strange';

/** A running application, and what it has reported of entries that are not its own. */
export interface ForgedApp {
  app: CachedApp;
  stack: CacheStack;
  foreign: string[];
}

/** For suites that forge entries of an application, in a Redis of their own. Each test starts the application; all ends by itself. */
export function useForgedEntries(): {
  forged: () => ForgedEntries;
  start: (sealing: Sealing, parts: AppParts, caching?: CachingOptions) => Promise<ForgedApp>;
} {
  needs('redis-server');
  let server: RedisServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    await redis.quit();
    await server.stop();
  });
  afterEach(async () => {
    await closeApps();
    await redis.flushall();
  });

  return {
    forged: () => new ForgedEntries(redis, PREFIX),
    start: async (sealing, parts, caching) => {
      const app = await cachedApp({
        ...parts,
        caching: {
          prefix: PREFIX,
          application: APPLICATION,
          l2Timeout: '10s',
          redis: { url: server.url },
          secret: sealing === 'secret' ? SECRET : undefined,
          ...caching,
        },
      });
      const stack = app.app.get<CacheStack>(CACHE_STACK);
      await eventually(() => stack.clock.now());
      const foreign: string[] = [];
      app.app.get(CacheEventBus).on('foreign', (what, name) => foreign.push(`${what} ${name}`));
      return { app, stack, foreign };
    },
  };
}
