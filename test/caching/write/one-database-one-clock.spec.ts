import { type Backend, postgresAndRedis } from '../../support/backends';
import { send, tokenFor } from '../../support/client';
import { slowIt } from '../../support/effort';
import { eventually, pause } from '../../support/eventually';
import { sql } from '../../support/sql';
import { runStrata, startStrata, type StrataProcess } from '../../support/strata-process';
import { TcpProxy } from '../../support/tcp-proxy';
import { needs } from '../../support/needs';

needs('postgres', 'redis-server');

const EDITOR = tokenFor('eva', 'editor');
/** The service's default, in ms, and what two busy cores add to it. */
const MAX_LAG = 1_000;

let backend: Backend;
let alone: Record<string, string>;
const running: StrataProcess[] = [];

beforeAll(async () => {
  backend = await postgresAndRedis(10);
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

slowIt('the same where only one of them has Redis, and where they do not share the prefix', async () => {
  await start(backend.env);
  expect(await refused(alone)).toContain('REDIS_URL');
  expect(await refused({ ...backend.env, CACHE_PREFIX: `${backend.env.CACHE_PREFIX}-another` })).toContain(
    'CACHE_PREFIX',
  );
});

slowIt('with one Redis and prefix there may be many; and without any caches as well', async () => {
  await start(backend.env);
  await start(backend.env);
  await Promise.all(running.splice(0).map((process) => process.kill()));
  await start({ ...alone, CACHE_LAYERS: 'none' });
  await start({ ...alone, CACHE_LAYERS: 'none' });
  expect(await refused(alone)).toContain('REDIS_URL');
});

it('a killed process does not block the next', async () => {
  const first = await start(alone);
  await first.kill();
  expect((await send((await start(alone)).url, '/health/ready')).status).toBe(200);
});

it('nor does one whose host lost power, though the database has not noticed', async () => {
  const database = new URL(alone.DATABASE_URL!);
  const cable = await TcpProxy.to(Number(database.port || 5432));
  database.host = `127.0.0.1:${cable.port}`;
  try {
    const first = await start({ DATABASE_URL: database.href });
    cable.vanish();
    await first.kill();
    expect((await send((await start(alone)).url, '/health/ready')).status).toBe(200);
  } finally {
    await cable.close();
  }
});

slowIt('one that was cut off and finds its place taken keeps nothing, until it is alone again', async () => {
  const database = new URL(alone.DATABASE_URL!);
  const wire = await TcpProxy.to(Number(database.port || 5432));
  database.host = `127.0.0.1:${wire.port}`;
  try {
    const cut = await start({ DATABASE_URL: database.href });
    const read = async (): Promise<{ stock: number; from: string }> => {
      const { body, headers, status } = await send<{ stock: number }>(cut.url, '/api/products/1');
      expect(status).toBe(200);
      return { stock: body.stock, from: headers.get('x-cache')! };
    };
    const keeps = async (): Promise<boolean> => {
      await read();
      await pause(2 * MAX_LAG);
      return (await read()).from === 'HIT';
    };
    expect(await keeps()).toBe(true);
    wire.refuse();
    const other = await start(alone);
    wire.heal();
    // It has a connection again, and asks for its place: that takes it as long as a killed process may need to let go.
    let stock = 4_711;
    const written = async (): Promise<void> => {
      stock += 1;
      const answer = await send(other.url, '/api/products/1', { method: 'PATCH', json: { stock }, token: EDITOR });
      expect(answer.status).toBe(200);
      await eventually(async () => (await read()).stock === stock);
    };
    await written();
    // Nobody tells it of the other's writes; it reads them all the same.
    for (let n = 0; n < 3; n += 1) await written();
    expect(await keeps()).toBe(false);
    await other.kill();
    await eventually(keeps);
  } finally {
    await wire.close();
  }
});

it('an entity whose table has lost its triggers: it refuses to start and names the table', async () => {
  await sql(alone.DATABASE_URL!, 'ALTER TABLE watchlist DISABLE TRIGGER cache_watch_delete');
  expect(await refused(alone)).toMatch(/Writes to watchlist would evict nothing/);
  await sql(alone.DATABASE_URL!, 'ALTER TABLE watchlist ENABLE TRIGGER cache_watch_delete');
});
