import { MigrationInterface, QueryRunner } from 'typeorm';
import { watchTable } from '../caching';

/** Replaces the trigger functions of earlier releases: a row that cannot be imaged no longer fails the write. */
export class CacheCapture1764000000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await watchTable(runner, { table: 'products', key: ['id'] });
    await watchTable(runner, { table: 'watchlist', key: ['user_id', 'product_id'] });
  }

  /** The functions serve the earlier release as well. */
  async down(): Promise<void> {}
}
