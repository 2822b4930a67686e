import { Client } from 'pg';
import { ownRecords } from '../../../src/caching/write/drain/outbox';
import { createOutbox, dropOutbox, unwatchTable, watchTable } from '../../../src/caching';
import { type Backend, postgresAlone } from '../../support/backends';
import { needs } from '../../support/needs';

needs('postgres');

let backend: Backend;
let db: Client;
const runner = { query: async (text: string): Promise<unknown> => (await db.query(text)).rows };

beforeAll(async () => {
  backend = await postgresAlone();
  db = new Client({ connectionString: backend.env.DATABASE_URL });
  await db.connect();
  await createOutbox(runner);
  await db.query(`CREATE TABLE "Odd ""Table" (id bigint PRIMARY KEY, "The Value" text, doc json)`);
  await watchTable(runner, { table: 'Odd "Table', key: ['id'], collapseAbove: 3 });
  await db.query(
    `CREATE TABLE child (parent bigint REFERENCES "Odd ""Table" ON DELETE CASCADE, n integer, PRIMARY KEY (parent, n))`,
  );
  await watchTable(runner, { table: 'child', key: ['parent', 'n'] });
});

afterAll(async () => {
  await db.end();
  await backend.dispose();
});

beforeEach(async () => {
  await db.query(`TRUNCATE "Odd ""Table" CASCADE`);
  await db.query(`INSERT INTO "Odd ""Table" VALUES (1, 'one', '{}'), (2, 'two', NULL)`);
  await db.query('DELETE FROM cache_outbox');
});

type Change = [Record<string, string | null> | null, Record<string, string | null> | null];

async function records(): Promise<{ table_name: string; operation: string; changes: Change[] | null }[]> {
  return (await db.query('SELECT table_name, operation, changes FROM cache_outbox ORDER BY id')).rows as never;
}

const one = { id: '1', 'The Value': 'one', doc: '{}' };
const two = { id: '2', 'The Value': 'two', doc: null };
const record = (operation: string, changes: Change[] | null, table_name = 'Odd "Table'): object => ({
  table_name,
  operation,
  changes,
});

it.each<[string, string, object[]]>([
  [
    'an insert: new rows',
    `INSERT INTO "Odd ""Table" (id) VALUES (3)`,
    [record('INSERT', [[null, { id: '3', 'The Value': null, doc: null }]])],
  ],
  [
    'an update: old and new',
    `UPDATE "Odd ""Table" SET "The Value" = 'eins' WHERE id = 1`,
    [record('UPDATE', [[one, { ...one, 'The Value': 'eins' }]])],
  ],
  [
    'a change of a type without equality',
    `UPDATE "Odd ""Table" SET doc = '{ }' WHERE id = 1`,
    [record('UPDATE', [[one, one]])],
  ],
  ['a delete: old rows', `DELETE FROM "Odd ""Table" WHERE id = 2`, [record('DELETE', [[two, null]])]],
  [
    'a changed key: one row gone, another come',
    `UPDATE "Odd ""Table" SET id = 5 WHERE id = 1`,
    [
      record(
        'UPDATE',
        expect.arrayContaining([
          [one, null],
          [null, { ...one, id: '5' }],
        ]) as never,
      ),
    ],
  ],
  [
    'a bigint beyond what JSON numbers hold',
    `UPDATE "Odd ""Table" SET id = 9007199254740993 WHERE id = 2`,
    [record('UPDATE', expect.arrayContaining([[null, { ...two, id: '9007199254740993' }]]) as never)],
  ],
  ['nothing for a row set to what it was', `UPDATE "Odd ""Table" SET "The Value" = "The Value"`, []],
  ['nothing for a statement without rows', `DELETE FROM "Odd ""Table" WHERE id = 77`, []],
  ['nothing for what is rolled back', `BEGIN; DELETE FROM "Odd ""Table"; ROLLBACK`, []],
  [
    'only what a released savepoint kept',
    `BEGIN; SAVEPOINT a; DELETE FROM "Odd ""Table" WHERE id = 1; ROLLBACK TO a; SAVEPOINT b; DELETE FROM "Odd ""Table" WHERE id = 2; RELEASE b; COMMIT`,
    [record('DELETE', [[two, null]])],
  ],
  [
    'an upsert: what it inserted and what it updated',
    `INSERT INTO "Odd ""Table" (id) VALUES (1), (3) ON CONFLICT (id) DO UPDATE SET "The Value" = 'x'`,
    [
      record('INSERT', [[null, { id: '3', 'The Value': null, doc: null }]]),
      record('UPDATE', [[one, { ...one, 'The Value': 'x' }]]),
    ].reverse(),
  ],
  [
    'up to the threshold row by row',
    `INSERT INTO "Odd ""Table" SELECT g FROM generate_series(10, 12) g`,
    [
      record(
        'INSERT',
        [10, 11, 12].map((id) => [null, { id: String(id), 'The Value': null, doc: null }]),
      ),
    ],
  ],
  [
    'beyond it one small record',
    `INSERT INTO "Odd ""Table" SELECT g FROM generate_series(10, 13) g`,
    [record('INSERT', null)],
  ],
  [
    'TRUNCATE, of a child as well',
    `TRUNCATE "Odd ""Table" CASCADE`,
    [record('TRUNCATE', null), record('TRUNCATE', null, 'child')],
  ],
])('records %s', async (_what, statement, expected) => {
  await db.query(statement);
  const sorted = (list: object[]): object[] =>
    [...list].sort((a, b) =>
      JSON.stringify(Object.values(a).slice(0, 2)).localeCompare(JSON.stringify(Object.values(b).slice(0, 2))),
    );
  expect(
    sorted((await records()).map(({ table_name, operation, changes }) => ({ table_name, operation, changes }))),
  ).toEqual(sorted(expected));
});

it('records what a cascade deletes', async () => {
  await db.query('INSERT INTO child VALUES (1, 7)');
  await db.query('DELETE FROM cache_outbox');
  await db.query('DELETE FROM "Odd ""Table" WHERE id = 1');
  expect(await records()).toEqual([
    record('DELETE', [[one, null]]),
    record('DELETE', [[{ parent: '1', n: '7' }, null]], 'child'),
  ]);
});

it('an update of 100,000 rows leaves one record of no size', async () => {
  await db.query(`INSERT INTO "Odd ""Table" SELECT g, 'text' FROM generate_series(1000, 100999) g`);
  await db.query('DELETE FROM cache_outbox');
  await db.query(`UPDATE "Odd ""Table" SET "The Value" = 'other' WHERE id >= 1000`);
  expect(await records()).toEqual([record('UPDATE', null)]);
  const { rows } = await db.query<{ size: number }>('SELECT pg_column_size(o.*) AS size FROM cache_outbox o');
  expect(rows[0]!.size).toBeLessThan(150);
});

it('a role that may write the table needs no right on the outbox, and cannot slip in another', async () => {
  const role = backend.env.CACHE_PREFIX!;
  await db.query(`CREATE ROLE ${role}; GRANT SELECT, UPDATE ON "Odd ""Table" TO ${role}`);
  try {
    await db.query(`SET ROLE ${role}; CREATE TEMP TABLE cache_outbox (table_name text, operation text, changes jsonb)`);
    await db.query(`UPDATE "Odd ""Table" SET "The Value" = 'by another' WHERE id = 1`);
    await db.query('RESET ROLE; DROP TABLE pg_temp.cache_outbox');
    expect(await records()).toHaveLength(1);
  } finally {
    await db.query(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});

it('a writer that drains its own records notifies no node, every other writer does', async () => {
  const listener = new Client({ connectionString: backend.env.DATABASE_URL });
  await listener.connect();
  let woken = 0;
  listener.on('notification', () => (woken += 1));
  await listener.query('LISTEN cache_outbox');
  await db.query('SET cache_outbox.writer_drains = on');
  await db.query('DELETE FROM "Odd ""Table" WHERE id = 1');
  await listener.query('SELECT 1');
  expect(woken).toBe(0);
  await db.query('RESET cache_outbox.writer_drains');
  await db.query('DELETE FROM "Odd ""Table" WHERE id = 2');
  await listener.query('SELECT 1');
  expect(woken).toBe(1);
  await listener.end();
});

it("a transaction's own records can be read before it commits, and failing to leaves it as it was", async () => {
  await db.query('BEGIN');
  await db.query('DELETE FROM "Odd ""Table" WHERE id = 1');
  expect(await ownRecords(db)).toEqual([{ table: 'Odd "Table', changes: [[one, null]] }]);
  await db.query('SET LOCAL search_path = pg_catalog');
  expect(await ownRecords(db)).toEqual([]);
  await db.query('COMMIT');
  expect((await db.query('SELECT FROM "Odd ""Table"')).rowCount).toBe(1);
});

it('watching again replaces the functions of an earlier release, and drops them', async () => {
  await db.query(`
    CREATE FUNCTION cache_watch_child() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''old''; END';
    CREATE OR REPLACE TRIGGER cache_watch_insert AFTER INSERT ON child FOR EACH STATEMENT EXECUTE FUNCTION cache_watch_child()`);
  await expect(db.query('INSERT INTO child VALUES (1, 1)')).rejects.toThrow('old');
  await watchTable(runner, { table: 'child', key: ['parent', 'n'] });
  await db.query('INSERT INTO child VALUES (1, 1)');
  expect(await records()).toHaveLength(1);
  expect((await db.query(`SELECT FROM pg_proc WHERE proname = 'cache_watch_child'`)).rowCount).toBe(0);
});

it('watching again changes the threshold, and all of it can be undone', async () => {
  await watchTable(runner, { table: 'child', key: ['parent', 'n'], collapseAbove: 1 });
  await db.query('INSERT INTO child VALUES (1, 1), (1, 2)');
  expect(await records()).toEqual([record('INSERT', null, 'child')]);
  await unwatchTable(runner, 'child');
  await unwatchTable(runner, 'Odd "Table');
  await dropOutbox(runner);
  const { rows } = await db.query(
    `SELECT FROM pg_proc WHERE proname LIKE 'cache\\_%' UNION ALL SELECT FROM pg_trigger WHERE tgname LIKE 'cache\\_%'`,
  );
  expect(rows).toHaveLength(0);
  await db.query('DELETE FROM child');
});
