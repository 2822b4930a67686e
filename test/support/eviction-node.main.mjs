/**
 * A node of its own process: the built cache, eviction and entities in a Nest application without HTTP, told by messages what
 * to read and by which road to write. `HANG_AFTER_COMMIT` makes its writers stop between commit and eviction for good.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { TypeOrmModule } = require('@nestjs/typeorm');
const { Column, DataSource, Entity, PrimaryColumn } = require('typeorm');
const {
  CacheEventBus,
  CacheHealth,
  CacheService,
  CachingModule,
  Eviction,
  EvictionModule,
  EvictsTags,
} = require('../../dist/caching');
const { Drainer } = require('../../dist/caching/write/drain/drainer');
const { WriterWait } = require('../../dist/caching/write/drain/writer-wait');
const { Product } = require('../../dist/products/product.entity');
const { WatchedProduct } = require('../../dist/account/watched-product.entity');

const {
  database,
  connection,
  directUrl,
  caching,
  hang = false,
  embedded = false,
  program = 'shop',
} = JSON.parse(process.env.NODE_SETTINGS);

/** The products of another program, which calls them articles. */
class Article {}
Entity('products')(Article);
PrimaryColumn('integer')(Article.prototype, 'id');
Column('integer')(Article.prototype, 'stock');
EvictsTags(({ before, after }) => [before, after].flatMap((row) => (row ? [`article:${row.id}`] : [])))(Article);

class Root {}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      ...(connection ?? { url: database }),
      entities: program === 'shop' ? [Product, WatchedProduct] : [Article],
      retryAttempts: 0,
      poolSize: embedded ? 1 : 10,
    }),
    CachingModule.forRoot(caching),
    EvictionModule.forRoot({ embedded, directUrl }),
  ],
})(Root);

if (hang) {
  WriterWait.prototype.waitUntilStamped = () => {
    Drainer.prototype.drain = () => new Promise(() => undefined);
    process.send({ event: 'hanging' });
    return new Promise(() => undefined);
  };
}

const app = await NestFactory.createApplicationContext(Root, { logger: ['error', 'warn'], abortOnError: false });
const source = app.get(DataSource);
const cache = app.get(CacheService);
const products = source.getRepository(program === 'shop' ? Product : Article);
const counts = { stamped: 0, drained: 0, evictionLate: 0, drainFailed: 0 };
for (const name of Object.keys(counts)) app.get(CacheEventBus).on(name, () => (counts[name] += 1));

const READS = {
  detail: (id) => [['table:products', `product:${id}`], 'SELECT * FROM products WHERE id = $1', [id]],
  article: (id) => [['table:products', `article:${id}`], 'SELECT * FROM products WHERE id = $1', [id]],
  list: () => [['table:products', 'products'], 'SELECT id FROM products ORDER BY created_at DESC, id DESC', []],
  watchlist: (user) => [
    ['table:watchlist', `watchlist:${user}`],
    'SELECT product_id FROM watchlist WHERE user_id = $1 ORDER BY product_id',
    [user],
  ],
};

const ROADS = {
  save: async (id, stock) => products.save(Object.assign(await products.findOneByOrFail({ id }), { stock })),
  'bulk save': async (id, stock) => products.save([Object.assign(await products.findOneByOrFail({ id }), { stock })]),
  insert: (id, stock, category) => products.insert(row(id, stock, category)),
  upsert: (id, stock, category) => products.upsert(row(id, stock, category), ['id']),
  'update()': (id, stock) => products.update({ id }, { stock }),
  increment: (id, by) => products.increment({ id }, 'stock', by),
  builder: (id, stock) => products.createQueryBuilder().update().set({ stock }).where({ id }).execute(),
  delete: (id) => products.delete({ id }),
  remove: async (id) => products.remove(await products.findOneByOrFail({ id })),
  'query()': (id, stock) => source.query('UPDATE products SET stock = $2 WHERE id = $1', [id, stock]),
  'query() with a writing CTE': (id, stock) =>
    source.query('WITH w AS (UPDATE products SET stock = $2 WHERE id = $1 RETURNING id) SELECT id FROM w', [id, stock]),
  'query() calling a function that writes': (id, stock) => source.query('SELECT set_stock($1, $2)', [id, stock]),
  'transaction with savepoints': (id, stock) =>
    source.transaction(async (outer) => {
      await outer.update(Product, { id }, { stock: 1 });
      await outer.transaction((inner) => inner.update(Product, { id }, { stock: stock + 1 }));
      await outer
        .transaction(async (inner) => {
          await inner.update(Product, { id }, { stock: 9 });
          throw new Error('undo this much');
        })
        .catch(() => undefined);
      await outer.update(Product, { id }, { stock });
    }),
  'hand-written BEGIN': async (id, stock) => {
    const runner = source.createQueryRunner();
    await runner.query('BEGIN');
    await runner.query('UPDATE products SET stock = $2 WHERE id = $1', [id, stock]);
    await runner.query('COMMIT');
    await runner.release();
  },
  'EXECUTE of a prepared statement': async (id, stock) => {
    const runner = source.createQueryRunner();
    await runner.query('PREPARE sell (integer, integer) AS UPDATE products SET stock = $2 WHERE id = $1');
    await runner.query(`EXECUTE sell (${id}, ${stock})`);
    await runner.query('DEALLOCATE sell');
    await runner.release();
  },
  'TRUNCATE by query()': () => source.query('TRUNCATE products CASCADE'),
  'rolled back': (id, stock) =>
    source
      .transaction(async (manager) => {
        await manager.update(Product, { id }, { stock });
        throw new Error('never mind');
      })
      .catch(() => undefined),
};

function row(id, stock, category = 'test') {
  return { id, name: 'Row', price: 1, description: '', category, stock, rating: 1, createdAt: new Date(0) };
}

const open = new Map();
const COMMANDS = {
  async read(kind, argument) {
    const [tags, sql, parameters] = READS[kind](argument);
    const load = async () => ({ body: JSON.stringify(await source.query(sql, parameters)) });
    const { entry, outcome } = await cache.getOrLoad(`${kind}:${argument}`, { tags }, load);
    return { value: entry.body, outcome };
  },
  async write(road, ...args) {
    const start = performance.now();
    await ROADS[road](...args);
    return performance.now() - start;
  },
  /** Transactions that several commands make up. */
  async begin(name) {
    const runner = source.createQueryRunner();
    await runner.startTransaction();
    open.set(name, runner);
  },
  set: (name, id, stock) => open.get(name).manager.update(Product, { id }, { stock }),
  async end(name, how) {
    await (how === 'commit' ? open.get(name).commitTransaction() : open.get(name).rollbackTransaction());
    await open.get(name).release();
  },
  counts: () => counts,
  status: () => app.get(Eviction).status(),
  health: () => app.get(CacheHealth).parts(),
  trust: () => app.get(CacheHealth).parts().trust,
  /** The application closes its DataSource. */
  destroy: () => source.destroy(),
  /** And opens it again. */
  async initialize() {
    await source.initialize();
  },
  /** The machine's wall clock steps by `ms`, whichever part of the process reads it. */
  stepWallClock(ms) {
    const { now } = Date;
    Date.now = () => now() + ms;
  },
  async stop() {
    await app.close();
    setImmediate(() => process.disconnect());
  },
};

process.on('message', async ({ id, name, args }) => {
  try {
    process.send({ id, value: await COMMANDS[name](...args) });
  } catch (error) {
    process.send({ id, error: String(error.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit());
process.send({ event: 'ready' });
