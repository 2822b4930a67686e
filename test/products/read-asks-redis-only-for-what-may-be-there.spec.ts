import { send, tokenFor } from '../support/client';
import { eventually } from '../support/eventually';
import { needs } from '../support/needs';
import { PostgresServer } from '../support/postgres-server';
import { RedisServer } from '../support/redis-server';
import { startStrata, type StrataProcess } from '../support/strata-process';
import { WatchedCatalogue } from '../support/watched-catalogue';

needs('postgres', 'redis-server');

const EDITOR = tokenFor('eva', 'editor');
const PAGE = '/api/products?page_size=10&ordering=name';

let postgres: PostgresServer;
let redis: RedisServer;
let env: Record<string, string>;
let node: StrataProcess;
let ids: number[];
let sales = 1_000;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([PostgresServer.start(), RedisServer.start()]);
  const catalogue = await WatchedCatalogue.on(postgres, redis, 60);
  env = { DATABASE_URL: catalogue.url, REDIS_URL: redis.url, CACHE_PREFIX: catalogue.prefix };
  node = await startStrata(env);
  const { body } = await send<{ results: { id: number }[] }>(node.url, PAGE);
  ids = body.results.map(({ id }) => id);
  // The first records of a node are not put into the cache as rows.
  await send(node.url, `/api/products/${ids[0]}`, { method: 'PATCH', json: { stock: sales }, token: EDITOR });
  await send(node.url, PAGE);
});
afterAll(async () => {
  await node.stop();
  await Promise.all([postgres.stop(), redis.stop()]);
});

/** Commands on entries and locks so far; the clock's and the ledger's scripts use none of them. */
async function sent(): Promise<Record<'get' | 'mget' | 'set' | 'del', number>> {
  const stats = await redis.command<string>('INFO', 'commandstats');
  const of = (name: string): number => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return { get: of('get'), mget: of('mget'), set: of('set'), del: of('del') };
}

/** How many of each command one request sends. */
async function commands(url: string, path: string): Promise<Record<string, number>> {
  const before = await sent();
  // Until the node knows of the write, it serves hits, which send none.
  await eventually(async () => (await send(url, path)).headers.get('x-cache') === 'MISS');
  let after = await sent();
  // Values are stored while the response is on its way.
  await eventually(async () => {
    const last = after;
    after = await sent();
    return JSON.stringify(last) === JSON.stringify(after);
  });
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, times]): [string, number] => [name, times - before[name as keyof typeof before]])
      .filter(([, times]) => times > 0),
  );
}

/** Sells one product, and waits until its new row is in Redis. */
async function sell(id: number): Promise<void> {
  const before = await sent();
  sales += 1;
  await send(node.url, `/api/products/${id}`, { method: 'PATCH', json: { stock: sales }, token: EDITOR });
  await eventually(async () => (await sent()).set === before.set + 1);
}

it('a page after a sale sends no command: its list and rows are in this process', async () => {
  await sell(ids[1]!);
  expect(await commands(node.url, PAGE)).toEqual({});
});

it('another page after an insert sends no command: what is on it now is in this process', async () => {
  const pages = [1, 2].map((page) => `/api/products?page_size=10&page=${page}`);
  for (const page of pages) await send(node.url, page);
  const json = { name: 'Lamp', price: 20, description: 'New.', category: 'lamps', stock: 5, rating: 4.6 };
  await send(node.url, '/api/products', { method: 'POST', json, token: EDITOR });
  expect(await commands(node.url, pages[0]!)).not.toEqual({});
  expect(await commands(node.url, pages[1]!)).toEqual({});
});

it('the page of a product seen in a list sends no command', async () => {
  expect(await commands(node.url, `/api/products/${ids[2]}`)).toEqual({});
});

it('a node that is alone looks up and stores a page never asked for, without the fill lock and its list', async () => {
  await eventually(async () => {
    const {
      get = 0,
      set = 0,
      del = 0,
    } = await commands(node.url, `/api/products?page_size=10&max_price=${(sales += 1)}`);
    // The view alone: its list is in this process, and no other node needs it.
    return get === 1 && set === 1 && del === 0;
  });
});

describe('with a second node', () => {
  let other: StrataProcess;
  beforeAll(async () => {
    other = await startStrata(env);
    for (const { url } of [node, other]) await send(url, PAGE);
    // As the first node does: see above.
    await send(other.url, PAGE);
  });
  afterAll(() => other.stop());

  it('the node that sells sends no command for the page, and the other one reads the row by one command', async () => {
    // Where a poll of the other node has taken the record of the sale, that one has the row.
    await eventually(async () => {
      await sell(ids[3]!);
      expect([await commands(node.url, PAGE), await commands(other.url, PAGE)]).toEqual([{}, { mget: 1 }]);
    });
  });

  it('a page never asked for takes the fill lock, and gives it back', async () => {
    const path = (): string => `/api/products?page_size=10&max_price=${(sales += 1)}`;
    // The first node learns of the second with its next proof.
    await eventually(async () => {
      const { get, set, del } = await commands(node.url, path());
      // The lock is one SET, and its release one GET and one DEL.
      return get === 2 && set === 3 && del === 1;
    });
  });
});
