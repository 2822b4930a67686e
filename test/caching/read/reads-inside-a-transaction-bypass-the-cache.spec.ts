import { Inject, Injectable } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { DataSource, EntityManager, type QueryRunner } from 'typeorm';
import { CacheQuery, CacheService } from '../../../src/caching';
import { Account } from '../../support/account';
import { type Backend, onPostgres } from '../../support/backends';
import { type CachedApp, cachedApp, closeApps } from '../../support/nest-app';

/** The manager of the transaction around a call, as libraries such as typeorm-transactional keep it. */
const transactional = new AsyncLocalStorage<EntityManager>();

@Injectable()
class Accounts {
  runs = 0;
  manager?: EntityManager;

  constructor(@Inject(getDataSourceToken()) readonly dataSource: DataSource) {}

  @CacheQuery({ tags: ['accounts'], key: String })
  async balance(id: number): Promise<number> {
    this.runs += 1;
    const manager = this.manager ?? transactional.getStore() ?? this.dataSource.manager;
    return (await manager.findOneByOrFail(Account, { id })).balance;
  }

  /** A unit of work in a helper of its own: the caller's async context learns nothing of its transaction. */
  async begin(): Promise<QueryRunner> {
    const runner = this.dataSource.createQueryRunner();
    await runner.connect();
    await turn();
    await runner.startTransaction();
    return runner;
  }
}

onPostgres((open) => {
  let backend: Backend;
  let app: CachedApp;
  let accounts: Accounts;
  let dataSource: DataSource;
  let cache: CacheService;

  beforeAll(async () => {
    backend = await open();
    const typeorm = TypeOrmModule.forRoot({
      type: 'postgres',
      url: backend.env.DATABASE_URL,
      entities: [Account],
      synchronize: true,
    });
    app = await cachedApp({ imports: [typeorm], providers: [Accounts] });
    accounts = app.app.get(Accounts);
    dataSource = app.app.get(DataSource);
    cache = app.app.get(CacheService);
  });
  beforeEach(async () => {
    await dataSource.manager.save(Account, { id: 1, balance: 10 });
    await app.cache.clear();
    accounts.manager = undefined;
    accounts.runs = 0;
  });
  afterAll(async () => {
    await closeApps();
    await backend.dispose();
  });

  const update = (manager: EntityManager): Promise<unknown> => manager.update(Account, { id: 1 }, { balance: 99 });
  /** Changes the balance, reads it by `read` inside the transaction, and rolls back. */
  const rolledBack = async (read: (manager: EntityManager) => Promise<number>): Promise<number> => {
    let seen = NaN;
    const rollback = new Error('rolled back');
    await dataSource
      .transaction(async (manager) => {
        await update(manager);
        seen = await read(manager);
        throw rollback;
      })
      .catch((error: unknown) => expect(error).toBe(rollback));
    return seen;
  };

  it('knows the transaction from the async context alone, and stores nothing of it', async () => {
    expect(await rolledBack((manager) => transactional.run(manager, () => accounts.balance(1)))).toBe(99);
    expect(await accounts.balance(1)).toBe(10);
  });

  it('serves no cached value to a call inside a transaction that has changed it', async () => {
    expect(await accounts.balance(1)).toBe(10);
    expect(await rolledBack((manager) => transactional.run(manager, () => accounts.balance(1)))).toBe(99);
    expect(await accounts.balance(1)).toBe(10);
    expect(accounts.runs).toBe(2);
  });

  it('holds for CacheService too', async () => {
    const load = (manager: EntityManager) => async (): Promise<{ body: string }> => ({
      body: String((await manager.findOneByOrFail(Account, { id: 1 })).balance),
    });
    const read = async (manager: EntityManager): Promise<number> =>
      Number((await cache.getOrLoad('balance', { tags: ['accounts'] }, load(manager))).entry.body);
    expect(await rolledBack(read)).toBe(99);
    expect(await read(dataSource.manager)).toBe(10);
  });

  it('sees the outer transaction again after one on another connection has ended', async () => {
    await accounts.balance(1);
    const seen = await rolledBack(async (manager) => {
      await dataSource.transaction((other) => other.query('SELECT 1'));
      return transactional.run(manager, () => accounts.balance(1));
    });
    expect(seen).toBe(99);
    expect(await accounts.balance(1)).toBe(10);
  });

  it('sees the transaction after a savepoint was released or rolled back', async () => {
    await accounts.balance(1);
    const seen = await rolledBack(async (manager) => {
      await manager.transaction((inner) => inner.query('SELECT 1'));
      await manager.transaction(() => Promise.reject(new Error('inner'))).catch(() => undefined);
      return transactional.run(manager, () => accounts.balance(1));
    });
    expect(seen).toBe(99);
    expect(await accounts.balance(1)).toBe(10);
  });

  it('a manager in a field of the provider is known', async () => {
    await accounts.balance(1);
    const runner = await accounts.begin();
    try {
      await update(runner.manager);
      accounts.manager = runner.manager;
      expect(await accounts.balance(1)).toBe(99);
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
      accounts.manager = undefined;
    }
    expect(await accounts.balance(1)).toBe(10);
  });

  it('a copy of the provider with a manager of its own reads by that, past the cache', async () => {
    await accounts.balance(1);
    const seen = await rolledBack((manager) =>
      (Object.create(accounts, { manager: { value: manager } }) as Accounts).balance(1),
    );
    expect(seen).toBe(99);
    expect(await accounts.balance(1)).toBe(10);
  });

  it.each<[string, () => Promise<QueryRunner>]>([
    ['begun in a helper', () => accounts.begin()],
    [
      'begun by hand',
      async () => {
        const runner = dataSource.createQueryRunner();
        await runner.query('BEGIN');
        return runner;
      },
    ],
  ])('what a load reads in a transaction %s is neither stored nor shared', async (_how, begin) => {
    const runner = await begin();
    let others: Promise<number> | undefined;
    try {
      await update(runner.manager);
      const read = transactional.run(runner.manager, () => accounts.balance(1));
      others = transactional.run(dataSource.manager, () => accounts.balance(1));
      expect(await read).toBe(99);
      expect(await others).toBe(10);
    } finally {
      await runner.query('ROLLBACK');
      await runner.release();
    }
    expect(await accounts.balance(1)).toBe(10);
  });

  it('a load may use a transaction of its own, and its result is stored', async () => {
    const load = (): Promise<{ body: string }> =>
      dataSource.transaction('REPEATABLE READ', async (manager) => ({
        body: String((await manager.findOneByOrFail(Account, { id: 1 })).balance),
      }));
    const read = () => cache.getOrLoad('own', { tags: ['accounts'] }, load);
    expect(await read()).toMatchObject({ outcome: 'miss', stored: true });
    expect(await read()).toMatchObject({ outcome: 'hit' });
  });

  it('a read after the transaction has ended is cached again, in the same async context', async () => {
    await rolledBack(() => accounts.balance(1));
    await accounts.balance(1);
    const { runs } = accounts;
    await accounts.balance(1);
    expect(accounts.runs).toBe(runs);
  });
});
