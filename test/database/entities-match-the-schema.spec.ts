import { DataSource } from 'typeorm';
import { onRealServers } from '../support/backends';
import { runStrata } from '../support/strata-process';
import { WatchedProduct } from '../../src/account/watched-product.entity';
import { Product } from '../../src/products';

onRealServers((open) => {
  it('TypeORM would change no column of the migrated tables', async () => {
    const backend = await open();
    await runStrata('cli/seed.js', ['--count', '1'], backend.env);
    const dataSource = await new DataSource({
      type: 'postgres',
      url: backend.env.DATABASE_URL,
      entities: [Product, WatchedProduct],
    }).initialize();
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    await dataSource.destroy();
    await backend.dispose();
    // Indexes and constraints are written by hand in the migrations and not repeated on the entities.
    const columns = upQueries.map(({ query }) => query).filter((query) => !/ INDEX | CONSTRAINT /.test(query));
    expect(columns).toEqual([]);
  });
});
