import { OutboxCursor, type TakenRecord } from '../../../src/caching/write/drain/outbox';
import { needs } from '../../support/needs';
import { run, useOutboxDatabase } from '../../support/outbox-database';
import { randomFrom } from '../../support/random';

needs('postgres', 'redis-server');

const connect = useOutboxDatabase();

/**
 * Law 10 with two drains on real locks: images are put at the tick of their own stamp, and one is served while no later tick was
 * stamped for its row. `order` is what the drain goes by; by `(xid, id)` an older image is put after a newer one.
 */
async function staleImages(size: number, takes: (cursor: OutboxCursor) => string, seed: number): Promise<number> {
  const drains = await Promise.all([connect(), connect()]);
  const cursors = drains.map(() => new OutboxCursor());
  const writers = await Promise.all([connect(), connect()]);
  await run(writers[0], 'CREATE TABLE IF NOT EXISTS versions (row int PRIMARY KEY, version int NOT NULL)');
  await run(writers[0], 'TRUNCATE versions, cache_outbox; INSERT INTO versions VALUES (1, 0)');
  const random = randomFrom(seed);
  let tick = 0;
  let cached = { tick: 0, version: 0 };
  const drainOnce = async (index: number): Promise<void> => {
    const client = drains[index]!;
    await run(client, 'BEGIN');
    const { rows } = await client.query<TakenRecord>(takes(cursors[index]!));
    tick += 1;
    // The stamp ends what is cached; then the image of the same record takes its place.
    for (const { changes } of rows) cached = { tick, version: Number(changes![0]![1]!.version) };
    await run(client, 'COMMIT');
    cursors[index]!.passed(rows);
  };
  let stale = 0;
  for (let round = 0; round < 15; round += 1) {
    // The first transaction has the older xid and writes the row after the second has committed.
    for (const writer of writers) await run(writer, 'BEGIN; SELECT pg_current_xact_id()');
    const order = random() < 0.5 ? [0, 1] : [1, 0];
    for (const index of order) {
      await run(
        writers[index]!,
        `WITH w AS (UPDATE versions SET version = version + 1 RETURNING version)
         INSERT INTO cache_outbox (table_name, operation, changes)
         SELECT 'versions', 'UPDATE', jsonb_build_array(jsonb_build_array(NULL, jsonb_build_object('version', version::text))) FROM w`,
      );
      await run(writers[index]!, 'COMMIT');
    }
    for (let left = Math.ceil(2 / size) + 1; left > 0; left -= 1) await Promise.all([drainOnce(0), drainOnce(1)]);
    const { rows } = await writers[0].query<{ version: number }>('SELECT version FROM versions');
    if (cached.version < rows[0]!.version) stale += 1;
  }
  return stale;
}

describe.each([1, 2, 200])('two drains with batches of %i', (size) => {
  const limits = { records: size, bytes: 1_000_000 };
  const byXid = `WITH taken AS (DELETE FROM cache_outbox WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM (SELECT ctid FROM cache_outbox ORDER BY xid, id LIMIT ${size} FOR UPDATE) AS b)) RETURNING *)
    SELECT id, xid, table_name AS "table", changes, pg_current_snapshot() AS snapshot FROM taken ORDER BY xid, id`;

  it('by id no image is older than the row', async () => {
    expect(await staleImages(size, (cursor) => cursor.takes(limits, false), size)).toBe(0);
  });

  it('by (xid, id), which was planted, some are', async () => {
    expect(await staleImages(size, () => byXid, size)).toBeGreaterThan(0);
  });
});
