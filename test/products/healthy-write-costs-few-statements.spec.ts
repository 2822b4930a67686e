import { send, tokenFor } from '../support/client';
import { eventually } from '../support/eventually';
import { needs } from '../support/needs';
import { PostgresServer } from '../support/postgres-server';
import { RedisServer } from '../support/redis-server';
import { StatementLog } from '../support/statement-log';
import { startStrata, type StrataProcess } from '../support/strata-process';
import { WatchedCatalogue } from '../support/watched-catalogue';

needs('postgres', 'redis-server');

const EDITOR = tokenFor('eva', 'editor');
const WRITES = 30;

let log: StatementLog;
let postgres: PostgresServer;
let redis: RedisServer;
let service: StrataProcess;

beforeAll(async () => {
  log = new StatementLog();
  [postgres, redis] = await Promise.all([PostgresServer.start(log.settings), RedisServer.start()]);
  const catalogue = await WatchedCatalogue.on(postgres, redis);
  service = await startStrata({ DATABASE_URL: catalogue.url, REDIS_URL: redis.url, CACHE_PREFIX: catalogue.prefix });
});
afterAll(async () => {
  await service.stop();
  await Promise.all([postgres.stop(), redis.stop()]);
  log.discard();
});

/** What the server executed for `work`: the requests' own statements, those of the drain, and how often it polled meanwhile. */
async function executed(work: () => Promise<unknown>): Promise<{ own: string[]; drain: string[]; polls: number }> {
  const between = await log.during(postgres.url, work);
  const of = (name: string): string[] =>
    between.filter(({ application }) => application === name).map(({ text }) => text);
  const drain = of('strata-outbox').filter((text) => !text.includes('pg_trigger'));
  return { own: of('strata'), drain, polls: of('strata-outbox').length - drain.length };
}

/** The first word, and the table. */
const summary = (text: string): string =>
  `${/^\w+/.exec(text)![0]} ${/(products|cache_outbox)/.exec(text)?.[0] ?? ''}`.trim();

const patch = async (stock: number, headers: Record<string, string> = {}): Promise<string> => {
  const request = { method: 'PATCH', json: { stock }, token: EDITOR, headers };
  const answer = await send(service.url, '/api/products/1', request);
  expect(answer.status).toBe(200);
  return answer.headers.get('etag')!;
};

it('PATCH: one message of the writer and two of the drain, for any number of writes', async () => {
  await patch(1);
  const { own, drain, polls } = await executed(async () => {
    for (let n = 0; n < WRITES; n += 1) await patch(100 + n);
  });
  expect(own.map(summary)).toEqual(Array<string>(WRITES).fill('UPDATE products'));
  // Two writes may share a drain, and a poll may be that drain; each ends with one COMMIT.
  const takes = drain.filter((text) => /^BEGIN\b[^;]*; EXECUTE cache_take\b/.test(text));
  const commits = drain.filter((text) => text === 'COMMIT');
  expect(takes.length + commits.length).toBe(drain.length);
  expect(takes.length).toBeGreaterThan(0);
  expect(takes.length).toBeLessThanOrEqual(WRITES);
  expect(commits.length).toBeLessThanOrEqual(takes.length + polls + 1);
});

it('PATCH with If-Match: two messages of the writer', async () => {
  let etag = await patch(200);
  const { own } = await executed(async () => {
    for (let n = 0; n < WRITES; n += 1) etag = await patch(300 + n, { 'if-match': etag });
  });
  expect(own.map(summary)).toEqual(Array.from({ length: WRITES }, () => ['SELECT products', 'UPDATE products']).flat());
});

it('PATCH that changes nothing: two messages, and nothing is drained', async () => {
  await patch(400);
  const { own } = await executed(() => patch(400));
  expect(own.map(summary)).toEqual(['UPDATE products', 'SELECT products']);
});

it('POST and DELETE: one message of the writer each', async () => {
  const { own } = await executed(async () => {
    const json = { name: 'One', price: 1, description: '', category: 'test', stock: 1, rating: 1 };
    const { body } = await send<{ id: number }>(service.url, '/api/products', { method: 'POST', json, token: EDITOR });
    await send(service.url, `/api/products/${body.id}`, { method: 'DELETE', token: EDITOR });
  });
  expect(own.map(summary)).toEqual(['INSERT products', 'DELETE products']);
});

it('a poll: one message for drain, triggers and database, and a COMMIT', async () => {
  const pollsSoFar = (): number => log.read().filter(({ text }) => text.includes('pg_trigger')).length;
  const seen = pollsSoFar();
  const { own, drain, polls } = await executed(() => eventually(() => pollsSoFar() > seen + 4));
  expect(own).toEqual([]);
  expect(drain.filter((text) => text !== 'COMMIT')).toEqual([]);
  expect(drain.length).toBeLessThanOrEqual(polls + 1);
});

it('GET of what is cached: none', async () => {
  const get = () => send(service.url, '/api/products/2');
  await eventually(async () => (await get()).headers.get('x-cache') === 'HIT');
  const { own } = await executed(async () => {
    for (let n = 0; n < WRITES; n += 1) expect((await get()).headers.get('x-cache')).toBe('HIT');
  });
  expect(own).toEqual([]);
});
