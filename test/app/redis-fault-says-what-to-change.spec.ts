import { type Backend, anyDatabase } from '../support/backends';
import { effort } from '../support/effort';
import { eventually } from '../support/eventually';
import { send } from '../support/client';
import { needs } from '../support/needs';
import { RedisServer } from '../support/redis-server';
import { startStrata } from '../support/strata-process';

needs('redis-server');

let redis: RedisServer;
let backend: Backend;
beforeAll(async () => {
  redis = await RedisServer.start('--databases', '4');
  await redis.command('ACL', 'SETUSER', 'strata', 'on', '>right', '~*', '&*', '+@all');
  backend = await anyDatabase(10_000);
});
afterAll(async () => {
  await backend.dispose();
  await redis.stop();
});

const FAULTS: [string, (host: string) => string, RegExp][] = [
  ['a wrong password', (host) => `redis://strata:hunter2@${host}`, /password/i],
  ['a wrong database number', (host) => `redis://strata:right@${host}/9`, /DB index|database/i],
];

it.each(effort(FAULTS.slice(0, 1), FAULTS))(
  '%s in REDIS_URL: the service starts without Redis and says why, without the password',
  async (_what, url, why) => {
    const service = await startStrata({ ...backend.env, REDIS_URL: url(new URL(redis.url).host) });
    try {
      await eventually(() => /going on without it: .+/.test(service.output()));
      const [, reason] = /going on without it: (.+)/.exec(service.output())!;
      expect(reason).toMatch(why);
      expect(service.output()).not.toMatch(/hunter2|:right@/);
      expect((await send(service.url, '/api/products/1')).status).toBe(200);
    } finally {
      await service.stop();
    }
  },
);
