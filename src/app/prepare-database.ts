import { DataSource } from 'typeorm';
import { connectWithoutLimits, DatabaseServer, migrate } from '../database';
import { migrations } from '../migrations';
import { seedProducts, withProgressBar } from '../products';

/** What an embedded database holds when it is first started. */
const FIRST_CATALOGUE = 10_000;

/** Migrates and, so that there is something to see, fills an embedded catalogue that is empty. */
export async function prepareDatabase(server: DatabaseServer): Promise<void> {
  const dataSource = await connectWithoutLimits(server, migrations);
  try {
    await migrate(dataSource, server);
    if (server.isEmbedded && (await isEmpty(dataSource))) {
      await withProgressBar('Filling the catalogue', FIRST_CATALOGUE, (onProgress) =>
        seedProducts(dataSource, { count: FIRST_CATALOGUE, onProgress }),
      );
    }
  } finally {
    await dataSource.destroy();
  }
}

async function isEmpty(dataSource: DataSource): Promise<boolean> {
  return (await dataSource.query<unknown[]>('SELECT FROM products LIMIT 1')).length === 0;
}
