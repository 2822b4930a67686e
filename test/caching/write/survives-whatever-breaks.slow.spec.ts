import { Client } from 'pg';
import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually, pause, SLACK } from '../../support/eventually';
import { RedisServer } from '../../support/redis-server';
import { TcpProxy } from '../../support/tcp-proxy';
import { untilAllSee, warm, WatchedCatalogue } from '../../support/watched-catalogue';
import { needs } from '../../support/needs';

needs('postgres', 'redis-server');

const MAX_LAG = 1_000;

let catalogue: WatchedCatalogue;
let redis: RedisServer;

beforeAll(async () => {
  [catalogue, redis] = await Promise.all([WatchedCatalogue.open(), RedisServer.start()]);
});

afterAll(async () => {
  await redis.stop();
  await catalogue.dispose();
});

afterEach(stopNodes);

const node = (
  extra: { strict?: boolean; redisUrl?: string; hang?: boolean; database?: string } = {},
): Promise<EvictionNode> =>
  catalogue.node({
    hang: extra.hang,
    ...(extra.database === undefined ? {} : { database: extra.database }),
    caching: { redis: { url: extra.redisUrl ?? redis.url }, consistency: extra.strict ? 'strict' : 'bounded' },
  });

/** The clock of every node has answered: what it caches from now on it may serve. */
async function ready(nodes: EvictionNode[], id: number): Promise<string> {
  return eventually(() => warm(nodes, 'detail', id));
}

async function postgresVia(): Promise<{ wire: TcpProxy; url: string }> {
  const url = new URL(catalogue.url);
  const wire = await TcpProxy.to(Number(url.port || 5432));
  url.port = String(wire.port);
  url.hostname = '127.0.0.1';
  return { wire, url: url.href };
}

it('a writer killed between its commit and its eviction: another node evicts within CACHE_MAX_LAG', async () => {
  const [writer, ...others] = await Promise.all([node({ hang: true }), node(), node({ strict: true })]);
  const before = await ready(others, 1);
  const hanging = writer.event('hanging');
  void writer.write('save', 1, 4711).catch(() => undefined);
  await hanging;
  await writer.kill();
  expect(await untilAllSee(others, before, 'detail', 1)).toBeLessThan(MAX_LAG + SLACK);
  await eventually(async () => (await catalogue.waiting()) === 0);
});

it('Redis unavailable during the write: it succeeds, no node is behind for longer than the bound, and then all is evicted', async () => {
  const nodes = await Promise.all([node(), node(), node({ strict: true })]);
  const before = await ready(nodes, 2);
  await redis.kill();
  try {
    await nodes[0].write('save', 2, 4711);
    // Strict reads ask and get no answer: nothing kept may be served.
    expect((await nodes[2].read('detail', 2)).value).toContain('"stock":4711');
    expect(await untilAllSee(nodes, before, 'detail', 2)).toBeLessThan(MAX_LAG + SLACK);
    expect(await catalogue.waiting()).toBeGreaterThan(0);
    await nodes[0].write('save', 2, 4712);
  } finally {
    await redis.up();
  }
  await eventually(async () => (await catalogue.waiting()) === 0);
  for (const one of nodes) await eventually(async () => (await one.read('detail', 2)).value.includes('"stock":4712'));
});

it('Redis restarts while writers write: no write fails, and the end of it is right everywhere', async () => {
  const nodes = await Promise.all([node(), node(), node({ strict: true })]);
  await ready(nodes, 3);
  let writing = true;
  const writers = nodes.map(async (one, index) => {
    for (let count = 0; writing; count += 1) await one.write('update()', 3 + index, count);
  });
  await pause(300);
  await redis.kill();
  await pause(300);
  await redis.up();
  await pause(600);
  writing = false;
  await Promise.all(writers);
  await eventually(async () => (await catalogue.waiting()) === 0);
  for (const id of [3, 4, 5]) {
    const [truth] = await catalogue.sql<{ stock: number }>('SELECT stock FROM products WHERE id = $1', [id]);
    for (const one of nodes) {
      await eventually(async () => (await one.read('detail', id)).value.includes(`"stock":${truth!.stock},`));
    }
  }
});

it('the writer alone is cut off from Redis: another node invalidates for it before it responds', async () => {
  const proxy = await TcpProxy.to(redis.port);
  try {
    const [writer, strict] = await Promise.all([node({ redisUrl: proxy.url }), node({ strict: true })]);
    await ready([writer, strict], 6);
    proxy.partition();
    await writer.write('save', 6, 4711);
    expect((await strict.read('detail', 6)).value).toContain('"stock":4711');
    expect(await writer.call('counts')).toMatchObject({ evictionLate: 0 });
    expect((await writer.call<{ drainFailed: number }>('counts')).drainFailed).toBeGreaterThan(0);
  } finally {
    await proxy.close();
  }
});

it('the PostgreSQL connections of one node are cut: the others evict, and it drains again when they are back', async () => {
  const { wire, url } = await postgresVia();
  try {
    const [cut, other] = await Promise.all([node({ database: url }), node()]);
    const before = await ready([cut, other], 7);
    wire.refuse();
    await other.write('save', 7, 4711);
    // It hears of the stamp through Redis, and cannot load: what it kept is not served any more.
    await eventually(async () => {
      const read = await cut.read('detail', 7).catch(() => undefined);
      return read === undefined || read.outcome === 'grace';
    });
    wire.heal();
    expect(await untilAllSee([cut, other], before, 'detail', 7)).toBeLessThan(SLACK);
    await other.stop();
    const again = await warm([cut], 'detail', 7);
    await catalogue.sql('UPDATE products SET stock = 4712 WHERE id = 7');
    expect(await untilAllSee([cut], again, 'detail', 7)).toBeLessThan(MAX_LAG + SLACK);
  } finally {
    await wire.close();
  }
});

it('the outbox connections of all nodes are lost: they come back by themselves, and outside writes are seen within the bound', async () => {
  const nodes = await Promise.all([node(), node()]);
  const before = await ready(nodes, 8);
  const lost = await catalogue.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'strata-outbox'`,
  );
  expect(lost).toHaveLength(2);
  await catalogue.sql('UPDATE products SET stock = 4711 WHERE id = 8');
  expect(await untilAllSee(nodes, before, 'detail', 8)).toBeLessThan(MAX_LAG + SLACK);
});

it('the outbox connection is frozen: the write gets its response, and a new connection takes over', async () => {
  const { wire, url } = await postgresVia();
  try {
    // Its pool is frozen with it, so the other node writes, and this one must come back to life.
    const [frozen, other] = await Promise.all([node({ database: url }), node()]);
    const before = await ready([frozen, other], 9);
    wire.partition();
    await other.write('save', 9, 4711);
    wire.heal();
    expect(await untilAllSee([frozen, other], before, 'detail', 9)).toBeLessThan(SLACK);
  } finally {
    await wire.close();
  }
});

it('another drain holds a record: the write gets its response late, and is invalidated when the record is released', async () => {
  const [writer, other] = await Promise.all([node(), node()]);
  const before = await ready([writer, other], 10);
  const holder = new Client({ connectionString: catalogue.url });
  await holder.connect();
  try {
    await eventually(async () => {
      await holder.query(`INSERT INTO cache_outbox (table_name, operation) VALUES ('watchlist', 'TEST')`);
      await holder.query('BEGIN');
      const { rowCount } = await holder.query('SELECT FROM cache_outbox FOR UPDATE SKIP LOCKED');
      if (rowCount === 0) await holder.query('ROLLBACK');
      return rowCount! > 0;
    });
    await writer.write('save', 10, 4711);
    expect(await writer.call('counts')).toMatchObject({ evictionLate: 1 });
    await holder.query('COMMIT');
  } finally {
    await holder.end();
  }
  expect(await untilAllSee([writer, other], before, 'detail', 10)).toBeLessThan(MAX_LAG + SLACK);
});
