import { MigrationInterface, QueryRunner } from 'typeorm';
import { createPurgeQueue, dropPurgeQueue } from '../caching';

/** What the edge in front of us has yet to be told; stays empty where there is none. */
export class CachePurges1764000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createPurgeQueue(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropPurgeQueue(runner);
  }
}
