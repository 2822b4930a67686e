import { MigrationInterface, QueryRunner } from 'typeorm';
import { createOutbox, dropOutbox, unwatchTable, watchTable } from '../caching';

/** Every table whose rows are in cached responses is watched: a write to it by any program evicts them. */
export class CacheOutbox1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createOutbox(runner);
    await watchTable(runner, { table: 'products', key: ['id'] });
    await watchTable(runner, { table: 'watchlist', key: ['user_id', 'product_id'] });
  }

  async down(runner: QueryRunner): Promise<void> {
    await unwatchTable(runner, 'watchlist');
    await unwatchTable(runner, 'products');
    await dropOutbox(runner);
  }
}
