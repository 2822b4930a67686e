import { Inject, Injectable } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { CacheQuery, CacheService } from '../../../src/caching';
import { Account } from '../../support/account';
import { type Backend, onPostgres } from '../../support/backends';
import { cachedApp, closeApps } from '../../support/nest-app';

@Injectable()
class Accounts {
  constructor(@Inject(getDataSourceToken()) readonly dataSource: DataSource) {}

  @CacheQuery({ tags: ['accounts'] })
  balance(): Promise<number> {
    return this.read();
  }

  async read(): Promise<number> {
    return (await this.dataSource.manager.findOneOrFail(Account, { where: { id: 1 }, cache: 60_000 })).balance;
  }
}

onPostgres((open) => {
  let backend: Backend;
  afterAll(async () => {
    await closeApps();
    await backend.dispose();
  });

  it('a write is seen by the next load; reads outside of the cache are as TypeORM has them', async () => {
    backend = await open();
    const typeorm = TypeOrmModule.forRoot({
      type: 'postgres',
      url: backend.env.DATABASE_URL,
      entities: [Account],
      synchronize: true,
      cache: true,
    });
    const { app } = await cachedApp({ imports: [typeorm], providers: [Accounts] });
    const [accounts, dataSource, cache] = [app.get(Accounts), app.get(DataSource), app.get(CacheService)];
    await dataSource.manager.save(Account, { id: 1, balance: 10 });
    expect([await accounts.read(), await accounts.balance()]).toEqual([10, 10]);
    await dataSource.manager.update(Account, { id: 1 }, { balance: 20 });
    await cache.evict(['accounts']);
    expect([await accounts.read(), await accounts.balance()]).toEqual([10, 20]);
    // Loads leave nothing in its table either.
    expect(await dataSource.query('SELECT id FROM "query-result-cache"')).toHaveLength(1);
  });
});
