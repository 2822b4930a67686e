import type { Client } from 'pg';
import { Batches } from '../../../src/caching/write/drain/batches';
import { OutboxCursor, prepareDrains, type TakenRecord } from '../../../src/caching/write/drain/outbox';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { run, useOutboxDatabase } from '../../support/outbox-database';

needs('postgres', 'redis-server');

const STAMP = { epoch: 'e', tick: 1, lastTick: 1, localTick: 0 };

const connect = useOutboxDatabase();

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

it('a batch that is cut among late records has as many as it may, none of them counted twice', async () => {
  const writer = await connect();
  // As of a transaction that was in progress when later ids were passed.
  await run(
    writer,
    `INSERT INTO cache_outbox (table_name, operation, xid) SELECT 'late', 'TEST', '101' FROM generate_series(1, 300)`,
  );
  const { rows } = await writer.query<{ last: string }>('SELECT max(id) AS last FROM cache_outbox');
  const cursor = new OutboxCursor();
  const passed = (id: string, snapshot: string): void => cursor.passed([{ id, snapshot } as TakenRecord]);
  passed(String(BigInt(rows[0]!.last) + 1n), '100:100:');
  passed('1', '101:103:101');
  const client = await connect();
  await prepareDrains(client, 5_000);
  const { rows: taken } = await client.query(cursor.takes({ records: 200, bytes: 1_000_000 }, true));
  expect(taken).toHaveLength(200);
  await run(writer, 'DELETE FROM cache_outbox');
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

it('a batch that takes longer than a statement may is halved, so no record stops the others', async () => {
  const { client, drain, taken } = await drainer();
  const writer = await connect();
  await run(client, 'SET statement_timeout = 200');
  await run(
    writer,
    `CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN OLD; END';
     CREATE TRIGGER slow BEFORE DELETE ON cache_outbox FOR EACH ROW EXECUTE FUNCTION slow()`,
  );
  try {
    await write(writer, 'slow', 100);
    await expect(drain()).rejects.toMatchObject({ code: '57014' });
    await eventually(async () => {
      await drain();
      return taken.length >= 100;
    });
    expect(new Set(taken.map(({ id }) => id)).size).toBe(100);
  } finally {
    await run(writer, 'DROP TRIGGER slow ON cache_outbox');
  }
});

it('a stranger’s backlog: everything is stamped at once, so that a writer need not wait for it', async () => {
  const stranger = await connect();
  const slow = await drainer({ records: 1, bytes: 1_000_000 });
  await write(stranger, 'stranger', 20_000);
  expect(await slow.drain()).toMatchObject({ more: true });
  expect(slow.taken.length).toBeLessThan(20_000);
  expect(slow.everything).toBe(1);
});
