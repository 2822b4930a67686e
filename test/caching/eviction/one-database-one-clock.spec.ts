import { type Backend, postgresAndRedis } from '../../support/backends';
import { send } from '../../support/client';
import { sql } from '../../support/sql';
import { runStrata, startStrata, type StrataProcess } from '../../support/strata-process';

let backend: Backend;
let alone: Record<string, string>;
const running: StrataProcess[] = [];

beforeAll(async () => {
  backend = await postgresAndRedis();
  alone = { DATABASE_URL: backend.env.DATABASE_URL! };
});

afterEach(() => Promise.all(running.splice(0).map((process) => process.kill())));
afterAll(() => backend.dispose());

async function start(env: Record<string, string>): Promise<StrataProcess> {
  const process = await startStrata(env);
  running.push(process);
  return process;
}

async function refused(env: Record<string, string>): Promise<string> {
  const { code, output } = await runStrata('main.js', [], { PORT: '0', LOG_LEVEL: 'fatal', ...env });
  expect(code).toBe(1);
  return output;
}

it('two processes on one database without Redis: the second refuses to start and says why, the first goes on', async () => {
  const first = await start(alone);
  expect(await refused(alone)).toMatch(/Strata cannot start\. Another process uses this database.*REDIS_URL/);
  expect((await send(first.url, '/api/products')).status).toBe(200);
});

it('the same where only one of them has Redis, and where they do not share the prefix', async () => {
  await start(backend.env);
  expect(await refused(alone)).toContain('REDIS_URL');
  expect(await refused({ ...backend.env, CACHE_PREFIX: 'another' })).toContain('CACHE_PREFIX');
});

it('with one Redis and prefix there may be many; and without any caches as well', async () => {
  await start(backend.env);
  await start(backend.env);
  await Promise.all(running.splice(0).map((process) => process.kill()));
  await start({ ...alone, CACHE_LAYERS: 'none' });
  await start({ ...alone, CACHE_LAYERS: 'none' });
  expect(await refused(alone)).toContain('REDIS_URL');
});

it('one that was killed stands in nobody’s way', async () => {
  const first = await start(alone);
  await first.kill();
  expect((await send((await start(alone)).url, '/health/ready')).status).toBe(200);
});

it('an entity whose table has lost its triggers: it refuses to start and names the table', async () => {
  await sql(alone.DATABASE_URL!, 'ALTER TABLE watchlist DISABLE TRIGGER cache_watch_delete');
  expect(await refused(alone)).toMatch(/Writes to watchlist would evict nothing/);
  await sql(alone.DATABASE_URL!, 'ALTER TABLE watchlist ENABLE TRIGGER cache_watch_delete');
});
