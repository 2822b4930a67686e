import { send, tokenFor } from '../support/client';
import { eventually } from '../support/eventually';
import { needs } from '../support/needs';
import { PostgresServer } from '../support/postgres-server';
import { RedisServer } from '../support/redis-server';
import { StatementLog } from '../support/statement-log';
import { startStrata, type StrataProcess } from '../support/strata-process';
import { WatchedCatalogue } from '../support/watched-catalogue';

needs('postgres', 'redis-server');

interface Product {
  id: number;
  stock: number;
}

const EDITOR = tokenFor('eva', 'editor');
const PAGE = '/api/products?page_size=10&ordering=name';

let log: StatementLog;
let postgres: PostgresServer;
let redis: RedisServer;
let nodes: StrataProcess[];

beforeAll(async () => {
  log = new StatementLog();
  [postgres, redis] = await Promise.all([PostgresServer.start(log.settings), RedisServer.start()]);
  const catalogue = await WatchedCatalogue.on(postgres, redis, 60);
  const env = { DATABASE_URL: catalogue.url, REDIS_URL: redis.url, CACHE_PREFIX: catalogue.prefix };
  nodes = [await startStrata(env), await startStrata(env)];
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await Promise.all([postgres.stop(), redis.stop()]);
  log.discard();
});

/** The statements that read products while `work` ran: of lists, of rows by their ids, and of others. */
async function reads(work: () => Promise<unknown>): Promise<{ lists: number; rows: number; counts: number }> {
  const during = await log.during(postgres.url, work);
  const texts = during
    .filter(({ application, text }) => application === 'strata' && /^(SELECT|WITH)\b/i.test(text))
    .map(({ text }) => text);
  const count = (pattern: RegExp): number => texts.filter((text) => pattern.test(text)).length;
  const [lists, rows] = [count(/ JOIN \(SELECT p\.id| AS stretch$/), count(/ = ANY \(\$1/)];
  return { lists, rows, counts: texts.length - lists - rows };
}

async function page(node: StrataProcess, path = PAGE): Promise<{ text: string; results: Product[]; cache: string }> {
  const { text, body, headers } = await send<{ results: Product[] }>(node.url, path);
  return { text, results: body.results, cache: headers.get('x-cache')! };
}

async function sell({ id, stock }: Product): Promise<void> {
  const { status } = await send(nodes[0]!.url, `/api/products/${id}`, {
    method: 'PATCH',
    json: { stock: stock + 1 },
    token: EDITOR,
  });
  expect(status).toBe(200);
}

it('a page never asked for is one query with its count, and its products’ own pages are none', async () => {
  let products: Product[] = [];
  const cold = await reads(async () => (products = (await page(nodes[0]!)).results));
  expect(cold).toEqual({ lists: 1, rows: 0, counts: 0 });
  const details = await reads(async () => {
    for (const product of products) {
      const { body, text } = await send(nodes[0]!.url, `/api/products/${product.id}`);
      expect(body).toEqual(product);
      expect(text).toBe(JSON.stringify(product));
    }
  });
  expect(details).toEqual({ lists: 0, rows: 0, counts: 0 });
});

it('the text of a page is what JSON.stringify prints, built from rows or found', async () => {
  const [product] = (await page(nodes[0]!)).results;
  await sell(product!);
  const built = await page(nodes[0]!);
  const found = await page(nodes[0]!);
  expect([built.cache, found.cache]).toEqual(['MISS', 'HIT']);
  expect(found.text).toBe(built.text);
  expect(built.text).toBe(JSON.stringify(JSON.parse(built.text)));
});

it('a sale leaves the list alone: the page is built again without any query', async () => {
  const [product] = (await page(nodes[0]!)).results;
  await sell(product!);
  const after = await reads(async () => {
    const { results, cache } = await page(nodes[0]!);
    expect([cache, results[0]!.stock]).toEqual(['MISS', product!.stock + 1]);
  });
  expect(after).toEqual({ lists: 0, rows: 0, counts: 0 });
});

it('another node builds it from what is in Redis', async () => {
  await page(nodes[1]!);
  const [product] = (await page(nodes[0]!)).results;
  await sell(product!);
  const after = await reads(() =>
    eventually(async () => (await page(nodes[1]!)).results[0]!.stock === product!.stock + 1),
  );
  expect(after).toEqual({ lists: 0, rows: 0, counts: 0 });
});

it('a dashboard after a sale is made again without any query, on every node', async () => {
  const { results: products } = await page(nodes[0]!);
  const [first, second] = products as [Product, Product];
  const token = tokenFor('dana');
  for (const { id } of [first, second]) {
    await send(nodes[0]!.url, `/api/me/watchlist/${id}`, { method: 'PUT', token });
  }
  const stocks = async (node: StrataProcess): Promise<number[]> => {
    const { body } = await send<{ results: Product[] }>(node.url, '/api/me/dashboard', { token });
    return body.results.map(({ stock }) => stock);
  };
  for (const node of nodes) await eventually(async () => (await stocks(node)).length === 2);
  await sell(first);
  const after = await reads(async () => {
    for (const node of nodes) await eventually(async () => (await stocks(node)).includes(first.stock + 1));
  });
  expect(after).toEqual({ lists: 0, rows: 0, counts: 0 });
});

it('a page by cursor after a sale is made again without any query', async () => {
  const path = '/api/products?page_size=10&ordering=name&cursor=*';
  const [product] = (await page(nodes[0]!, path)).results;
  await sell(product!);
  const after = await reads(async () => {
    const { results, cache } = await page(nodes[0]!, path);
    expect([cache, results[0]!.stock]).toEqual(['MISS', product!.stock + 1]);
  });
  expect(after).toEqual({ lists: 0, rows: 0, counts: 0 });
});

it('a list that is ordered or filtered by what changed is read again', async () => {
  const path = '/api/products?page_size=10&ordering=price';
  const { results } = await page(nodes[0]!, path);
  const last = results.at(-1)!;
  await send(nodes[0]!.url, `/api/products/${last.id}`, { method: 'PATCH', json: { price: 0 }, token: EDITOR });
  const after = await reads(async () => expect((await page(nodes[0]!, path)).results[0]!.id).toBe(last.id));
  expect(after.lists).toBe(1);
});

it('a price past the last product of a page by price is no query, and one before it is one', async () => {
  const path = '/api/products?page_size=10&ordering=price';
  const { results } = await page(nodes[0]!, path);
  const [dear] = (await page(nodes[0]!, '/api/products?page_size=1&ordering=-price')).results;
  const price = async (value: number): Promise<{ lists: number; rows: number; counts: number }> => {
    await send(nodes[0]!.url, `/api/products/${dear!.id}`, { method: 'PATCH', json: { price: value }, token: EDITOR });
    return reads(() => page(nodes[0]!, path));
  };
  expect(await price(99_999)).toEqual({ lists: 0, rows: 0, counts: 0 });
  expect(await price(0)).toMatchObject({ lists: 1 });
  expect((await page(nodes[0]!, path)).results.map(({ id }) => id)).toContain(dear!.id);
  expect(results.map(({ id }) => id)).not.toContain(dear!.id);
});

it('a product that is added costs the pages that it shifts one query together, and their count none', async () => {
  const paths = [1, 2, 3, 4, 5, 6].map((number) => `/api/products?page_size=10&page=${number}`);
  const shown = async (): Promise<number[]> => {
    const pages = [];
    for (const path of paths) pages.push(await page(nodes[0]!, path));
    return pages.flatMap(({ results }) => results.map(({ id }) => id));
  };
  const before = await shown();
  const json = { name: 'Tap', price: 5, description: 'New.', category: 'kitchen', stock: 3, rating: 4.6 };
  const { body: added } = await send<Product>(nodes[0]!.url, '/api/products', { method: 'POST', json, token: EDITOR });
  let after: number[] = [];
  const cost = await reads(async () => (after = await shown()));
  expect(after).toEqual([added.id, ...before].slice(0, 60));
  expect(cost).toEqual({ lists: 1, rows: 0, counts: 0 });
});

it('a page that is shifted onto products that no list has shown costs one query for many inserts', async () => {
  const path = '/api/products?page_size=5&page=4';
  await page(nodes[0]!, path);
  const add = async (): Promise<void> => {
    const json = { name: 'Tap', price: 5, description: 'New.', category: 'kitchen', stock: 3, rating: 4.6 };
    await send(nodes[0]!.url, '/api/products', { method: 'POST', json, token: EDITOR });
  };
  const rows: number[] = [];
  for (let n = 0; n < 4; n += 1) {
    await add();
    rows.push((await reads(() => page(nodes[0]!, path))).rows);
  }
  expect(rows).toEqual([0, 0, 0, 0]);
});

it('a list by age that the totals can count is one query with its count, and so is a page past the last', async () => {
  const category = '/api/products?category=kitchen&in_stock=true';
  expect(await reads(() => page(nodes[0]!, category))).toEqual({ lists: 1, rows: 0, counts: 0 });
  const past = `${category}&page=99`;
  expect(await reads(() => send(nodes[0]!.url, past))).toEqual({ lists: 1, rows: 0, counts: 0 });
  expect(await reads(() => send(nodes[0]!.url, past))).toEqual({ lists: 0, rows: 0, counts: 0 });
});
