import { MigrationInterface, QueryRunner } from 'typeorm';
import { upgradeOutbox } from '../caching';

/** The outbox of a database that an earlier release made: the drain reads by the id of its records. */
export class OutboxById1764000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await upgradeOutbox(runner);
  }

  /** Either release drains either table. */
  async down(): Promise<void> {}
}
