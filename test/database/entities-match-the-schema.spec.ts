import { DataSource } from 'typeorm';
import { onPostgres } from '../support/backends';
import { WatchedProduct } from '../../src/account/watched-product.entity';
import { Product } from '../../src/products';

onPostgres((open) => {
  it('TypeORM would change no column of the migrated tables', async () => {
    const backend = await open(1);
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
