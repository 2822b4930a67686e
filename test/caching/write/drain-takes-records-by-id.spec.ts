import { Client } from 'pg';
import { createOutbox } from '../../../src/caching';
import { Batches } from '../../../src/caching/write/drain/batches';
import { OutboxCursor, prepareDrains, type TakenRecord } from '../../../src/caching/write/drain/outbox';
import { type Backend, postgresAndRedis } from '../../support/backends';
import { needs } from '../../support/needs';
import { randomFrom } from '../../support/random';

needs('postgres', 'redis-server');

const STAMP = { epoch: 'e', tick: 1, lastTick: 1, localTick: 0 };

let backend: Backend;
const clients: Client[] = [];

beforeAll(async () => {
  backend = await postgresAndRedis();
  await createOutbox(await connect());
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
  await run(await connect(), 'TRUNCATE cache_outbox');
});
afterAll(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
  await backend.dispose();
});

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: backend.env.DATABASE_URL });
  await client.connect();
  clients.push(client);
  return client;
}

function run(client: Client, sql: string): Promise<unknown> {
  return client.query(sql);
}

/** A session that drains, and what it has stamped so far. */
async function drainer(most?: { records: number; bytes: number }): Promise<{
  client: Client;
  cursor: OutboxCursor;
  taken: TakenRecord[];
  everything: number;
  drain: () => Promise<{ count: number; more: boolean }>;
}> {
  const client = await connect();
  await prepareDrains(client, 5_000);
  const cursor = new OutboxCursor();
  await cursor.seek(client);
  const self = { client, cursor, taken: [] as TakenRecord[], everything: 0, drain: () => drain() };
  const batches = new Batches(
    {
      stamp: (records) => {
        self.taken.push(...records);
        return Promise.resolve({ at: STAMP, extra: '' });
      },
      stampEverything: () => {
        self.everything += 1;
        return Promise.resolve(STAMP);
      },
    },
    most,
  );
  const drain = (): Promise<{ count: number; more: boolean }> =>
    batches.run({ client, cursor, prepared: true, stamped: () => undefined });
  return self;
}

const write = (client: Client, text: string, count = 1): Promise<unknown> =>
  run(
    client,
    `INSERT INTO cache_outbox (table_name, operation) SELECT '${text}', 'TEST' FROM generate_series(1, ${count})`,
  );

/** Blocks that taking the next batch touches. */
async function blocks(client: Client, cursor: OutboxCursor): Promise<number> {
  const sql = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${cursor.takes({ records: 200, bytes: 1_000_000 }, true)}`;
  const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Record<string, number> }[] }>(sql);
  const { Plan } = rows[0]!['QUERY PLAN'][0]!;
  return Plan['Shared Hit Blocks']! + Plan['Shared Read Blocks']!;
}

it('a transaction that commits late, with an id that was passed already, is not missed', async () => {
  const { drain, taken } = await drainer();
  const [slow, quick] = [await connect(), await connect()];
  await run(slow, 'BEGIN');
  await write(slow, 'slow');
  await write(quick, 'quick');
  await drain();
  await write(quick, 'quicker');
  await drain();
  expect(taken.map(({ table }) => table)).toEqual(['quick', 'quicker']);
  await run(slow, 'COMMIT');
  await drain();
  expect(taken.at(-1)!.table).toBe('slow');
});

it('nor is one whose transaction is younger than that of the id that was passed', async () => {
  const { drain, taken } = await drainer();
  const [slow, quick] = [await connect(), await connect()];
  await run(quick, 'BEGIN; SELECT pg_current_xact_id()');
  await run(slow, 'BEGIN');
  await write(slow, 'slow');
  await write(quick, 'quick');
  await run(quick, 'COMMIT');
  await drain();
  expect(taken.map(({ table }) => table)).toEqual(['quick']);
  await run(slow, 'COMMIT');
  await drain();
  expect(taken.map(({ table }) => table)).toEqual(['quick', 'slow']);
});

it('dead records that an open snapshot keeps from vacuum are not walked again', async () => {
  const holder = await connect();
  await run(holder, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
  await run(holder, 'SELECT count(*) FROM cache_outbox');
  const { client, cursor, drain } = await drainer();
  const writer = await connect();
  await write(writer, 'many', 20_000);
  while ((await drain()).more);
  await write(writer, 'one');
  const walked = await blocks(client, new OutboxCursor());
  await write(writer, 'one');
  expect(await blocks(client, cursor)).toBeLessThan(walked / 4);
  // A session that begins now finds its place once, and then does as well.
  const later = await drainer();
  await write(writer, 'one');
  expect(await blocks(later.client, later.cursor)).toBeLessThan(walked / 4);
});

it('a batch is not compiled (JIT), however expensive the server takes it to be', async () => {
  const { client, cursor } = await drainer();
  await run(client, 'SET jit_above_cost = 0; SET jit_optimize_above_cost = 0');
  await write(await connect(), 'one');
  const sql = `EXPLAIN (ANALYZE, FORMAT JSON) ${cursor.takes({ records: 200, bytes: 1_000_000 }, true)}`;
  const { rows } = await client.query<{ 'QUERY PLAN': Record<string, unknown>[] }>(sql);
  expect(rows[0]!['QUERY PLAN'][0]).not.toHaveProperty('JIT');
});

it('a batch is bounded in bytes, and a record that is larger by itself is taken without its rows', async () => {
  const { drain, taken } = await drainer({ records: 200, bytes: 10_000 });
  const writer = await connect();
  const image = (bytes: number): string => `(SELECT jsonb_build_array(jsonb_build_array(NULL, jsonb_build_object('text',
    (SELECT string_agg(md5(i::text), '') FROM generate_series(1, ${bytes / 32}) AS i)))))`;
  for (const bytes of [4_000, 4_000, 40_000, 4_000]) {
    await run(
      writer,
      `INSERT INTO cache_outbox (table_name, operation, changes) VALUES ('t', 'TEST', ${image(bytes)})`,
    );
  }
  expect(await drain()).toMatchObject({ count: 4, more: false });
  expect(taken.map(({ changes }) => changes !== null)).toEqual([true, true, false, true]);
});

it('a stranger’s backlog: everything is stamped at once, so that a writer need not wait for it', async () => {
  const stranger = await connect();
  const slow = await drainer({ records: 1, bytes: 1_000_000 });
  await write(stranger, 'stranger', 20_000);
  expect(await slow.drain()).toMatchObject({ more: true });
  expect(slow.taken.length).toBeLessThan(20_000);
  expect(slow.everything).toBe(1);
});

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
