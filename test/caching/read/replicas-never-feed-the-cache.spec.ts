import { Inject, Injectable } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type QueryRunner } from 'typeorm';
import { CacheQuery, CacheService } from '../../../src/caching';
import { Account } from '../../support/account';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { type CachedApp, cachedApp, closeApps } from '../../support/nest-app';
import { PostgresServer } from '../../support/postgres-server';
import { sql } from '../../support/sql';

needs('postgres');

@Injectable()
class Accounts {
  /** A connection that was obtained before the load. */
  runner?: QueryRunner;

  constructor(@Inject(getDataSourceToken()) readonly dataSource: DataSource) {}

  @CacheQuery({ tags: ['accounts'] })
  async balance(): Promise<number> {
    const manager = this.runner?.manager ?? this.dataSource.manager;
    return (await manager.findOneByOrFail(Account, { id: 1 })).balance;
  }
}

let primary: PostgresServer;
let replica: PostgresServer;
let app: CachedApp;
let accounts: Accounts;
let dataSource: DataSource;
let cache: CacheService;

beforeAll(async () => {
  primary = await PostgresServer.start();
  await sql(primary.url, 'CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL)');
  await sql(primary.url, 'INSERT INTO accounts VALUES (1, 10)');
  replica = await primary.standby();
  const typeorm = TypeOrmModule.forRoot({
    type: 'postgres',
    replication: { master: { url: primary.url }, slaves: [{ url: replica.url }] },
    entities: [Account],
  });
  app = await cachedApp({ imports: [typeorm], providers: [Accounts] });
  [accounts, dataSource, cache] = [app.app.get(Accounts), app.app.get(DataSource), app.app.get(CacheService)];
});
afterAll(async () => {
  await closeApps();
  await Promise.all([primary, replica].map((server) => server?.stop()));
});
beforeEach(async () => {
  await write(10);
  await eventually(async () => (await readDirectly()) === 10);
  await sql(replica.url, 'SELECT pg_wal_replay_pause()');
});
afterEach(() => sql(replica.url, 'SELECT pg_wal_replay_resume()'));

async function write(balance: number): Promise<void> {
  await dataSource.manager.update(Account, { id: 1 }, { balance });
  await cache.evict(['accounts']);
}

/** By TypeORM, outside of any load: from the replica. */
async function readDirectly(): Promise<number> {
  return (await dataSource.manager.findOneByOrFail(Account, { id: 1 })).balance;
}

it('a load reads the write that the replica does not have yet', async () => {
  await write(20);
  expect(await readDirectly()).toBe(10);
  expect(await accounts.balance()).toBe(20);
});

it('what a load reads on a connection to the replica, obtained before, is not stored', async () => {
  accounts.runner = dataSource.createQueryRunner('slave');
  await accounts.runner.connect();
  await write(30);
  expect(await accounts.balance()).toBe(10);
  await sql(replica.url, 'SELECT pg_wal_replay_resume()');
  await eventually(async () => (await accounts.balance()) === 30);
  await accounts.runner.release();
  accounts.runner = undefined;
});
