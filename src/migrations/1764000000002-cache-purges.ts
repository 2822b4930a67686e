import { MigrationInterface, QueryRunner } from 'typeorm';
import { createPurgeQueue, dropPurgeQueue } from '../caching';

/** Tags that the edge has yet to purge; stays empty without an edge. */
export class CachePurges1764000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createPurgeQueue(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropPurgeQueue(runner);
  }
}
