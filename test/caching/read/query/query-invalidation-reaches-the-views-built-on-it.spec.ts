import { Controller, Get, Inject, Injectable } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { Column, DataSource, Entity, EntityManager, PrimaryColumn, type QueryRunner, type Repository } from 'typeorm';
import { CacheQuery, CacheView } from '../../../../src/caching';
import { type Backend, onPostgres } from '../../../support/backends';
import { cacheStatus } from '../../../support/http';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

@Entity('counters')
class Counter {
  @PrimaryColumn() id!: number;
  @Column() value!: number;
}

type Db = EntityManager | QueryRunner | Repository<Counter>;

@Injectable()
class Counters {
  runs = 0;

  constructor(@Inject(getDataSourceToken()) private readonly dataSource: DataSource) {}

  @CacheQuery({ tags: (_value: number, id: number) => [`counter:${id}`], key: (id: number) => String(id) })
  async value(id: number, db?: Db): Promise<number> {
    this.runs += 1;
    const manager = db ? ('manager' in db ? db.manager : db) : this.dataSource.manager;
    return (await manager.findOneByOrFail(Counter, { id })).value;
  }
}

@Controller()
class Views {
  constructor(
    @Inject(Counters) private readonly counters: Counters,
    @Inject(getDataSourceToken()) private readonly dataSource: DataSource,
  ) {}

  @Get('sum') @CacheView() async sum(): Promise<object> {
    const [one, two] = await Promise.all([this.counters.value(1), this.counters.value(2)]);
    return { sum: one + two };
  }

  @Get('consistent') @CacheView() consistent(): Promise<object> {
    return this.dataSource.transaction(async (manager) => ({ one: await this.counters.value(1, manager) }));
  }

  @Get('inside') @CacheView() inside(): Promise<object> {
    return this.dataSource.transaction(async () => ({ one: await this.counters.value(1) }));
  }

  /** The second call is inside the transaction as well: that was begun in its async context. */
  @Get('beside') @CacheView() async beside(): Promise<object> {
    const transaction = this.dataSource.transaction((manager) => manager.query('SELECT 1'));
    const [, one] = await Promise.all([transaction, this.counters.value(1)]);
    return { one };
  }
}

onPostgres((open) => {
  let backend: Backend;
  let app: CachedApp;
  let counters: Counters;
  let dataSource: DataSource;

  const start = (layers: ('view' | 'query')[]): Promise<CachedApp> =>
    cachedApp({
      caching: { layers },
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url: backend.env.DATABASE_URL,
          entities: [Counter],
          synchronize: true,
        }),
      ],
      controllers: [Views],
      providers: [Counters],
    });
  const use = (started: CachedApp): void => {
    app = started;
    counters = app.app.get(Counters);
    dataSource = app.app.get(DataSource);
  };

  beforeAll(async () => {
    backend = await open();
    use(await start(['view', 'query']));
  });
  beforeEach(async () => {
    await dataSource.manager.save(Counter, [
      { id: 1, value: 10 },
      { id: 2, value: 20 },
    ]);
    await app.cache.clear();
    counters.runs = 0;
  });
  afterAll(async () => {
    await closeApps();
    await backend.dispose();
  });

  const view = async (path: string): Promise<unknown> => JSON.parse((await app.ask(path)).body.toString());
  /** A write without triggers: only `evict` invalidates it. */
  const write = (id: number, value: number): Promise<unknown> => dataSource.manager.update(Counter, { id }, { value });

  it('invalidating a part invalidates the whole, and only that part is loaded again', async () => {
    expect(await view('/sum')).toEqual({ sum: 30 });
    await write(2, 21);
    expect(await view('/sum')).toEqual({ sum: 30 });
    await app.cache.evict(['counter:2']);
    expect(await view('/sum')).toEqual({ sum: 31 });
    expect(counters.runs).toBe(3);
  });

  it('a whole built from an older part has the tick of the part', async () => {
    await counters.value(1);
    await write(1, 11);
    const sum = view('/sum');
    await app.cache.evict(['counter:1']);
    await sum;
    expect(await view('/sum')).toEqual({ sum: 31 });
  });

  it('a whole of an old and a new part is cached, because the old part was found fresh when it was read', async () => {
    await view('/sum');
    await write(1, 12);
    await app.cache.evict(['counter:1']);
    expect(await view('/sum')).toEqual({ sum: 32 });
    expect(cacheStatus(await app.ask('/sum'))).toMatch(/^strata; hit/);
    await write(2, 22);
    await app.cache.evict(['counter:2']);
    expect(await view('/sum')).toEqual({ sum: 34 });
    expect(counters.runs).toBe(4);
  });

  it('with only the view layer on, a query still records the dependencies of the view', async () => {
    const both = app;
    use(await start(['view']));
    expect(await view('/sum')).toEqual({ sum: 30 });
    expect(cacheStatus(await app.ask('/sum'))).toMatch(/^strata; hit/);
    expect(counters.runs).toBe(2);
    await write(1, 12);
    await app.cache.evict(['counter:1']);
    expect(await view('/sum')).toEqual({ sum: 32 });
    use(both);
  });

  it.each<[string, (runner: QueryRunner) => Db]>([
    ['EntityManager', (runner) => runner.manager],
    ['QueryRunner', (runner) => runner],
    ['Repository', (runner) => runner.manager.getRepository(Counter)],
  ])('a call inside a transaction (%s) bypasses the cache and stores nothing', async (_what, give) => {
    await counters.value(1);
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    try {
      await runner.manager.update(Counter, { id: 1 }, { value: 99 });
      expect(await counters.value(1, give(runner))).toBe(99);
      expect(await counters.value(1)).toBe(10);
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
    expect(await counters.value(1)).toBe(10);
    expect(counters.runs).toBe(3);
  });

  it('a call outside a transaction is cached, with a manager or without', async () => {
    await counters.value(1, dataSource.manager);
    await counters.value(1);
    expect(counters.runs).toBe(1);
  });

  it.each(['consistent', 'inside', 'beside'])(
    'a view that reads inside a transaction depends on what it read: /%s',
    async (path) => {
      expect(await view(`/${path}`)).toEqual({ one: 10 });
      expect(cacheStatus(await app.ask(`/${path}`))).toMatch(/^strata; hit/);
      await write(1, 13);
      await app.cache.evict(['counter:1']);
      expect(await view(`/${path}`)).toEqual({ one: 13 });
    },
  );
});
