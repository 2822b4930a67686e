import { MigrationInterface, QueryRunner } from 'typeorm';

/** The response to a POST with an Idempotency-Key, stored in the transaction of the write itself. */
export class IdempotencyKeys1764000000011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE idempotency_keys (
        user_id varchar(200) NOT NULL,
        key varchar(255) NOT NULL,
        request text NOT NULL,
        response json,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, key)
      )`);
    await runner.query(`CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE idempotency_keys`);
  }
}
