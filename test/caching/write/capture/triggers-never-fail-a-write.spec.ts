import { Client } from 'pg';
import { type Change, Outbox, useOutbox } from '../../../support/outbox';

let outbox: Outbox;
const opened = useOutbox(async (created) => {
  await created.sql('CREATE TABLE notes (id bigint PRIMARY KEY, doc json, text text)');
  await created.watch({ table: 'notes', key: ['id'] });
});
beforeAll(() => (outbox = opened()));

const coarse = (operation: string, table = 'notes'): object[] => [{ table, operation, changes: null }];

describe('what cannot be imaged is recorded coarsely, and written', () => {
  it.each([
    ['a zero character in JSON', String.raw`{"a": "\u0000"}`],
    ['a lone surrogate in JSON', String.raw`["\ud800"]`],
    ['a number that no numeric holds', '1e400000'],
    ['any of them deep inside', String.raw`[[[{"a": {"b": "x\u0000y"}}]]]`],
  ])('%s: inserted, updated, deleted', async (_what, doc) => {
    expect(await outbox.recorded(`INSERT INTO notes VALUES (1, '${doc}')`)).toEqual(coarse('INSERT'));
    expect(await outbox.recorded(`UPDATE notes SET text = 'x'`)).toEqual(coarse('UPDATE'));
    expect(await outbox.sql('SELECT doc::text, text FROM notes')).toEqual([{ doc, text: 'x' }]);
    expect(await outbox.recorded('DELETE FROM notes')).toEqual(coarse('DELETE'));
  });

  it('a key column that was renamed or dropped after the table was watched', async () => {
    await outbox.sql('CREATE TABLE renamed (id integer PRIMARY KEY, n integer); INSERT INTO renamed VALUES (1, 1)');
    await outbox.watch({ table: 'renamed', key: ['id'] });
    await outbox.sql('ALTER TABLE renamed RENAME id TO number');
    expect(await outbox.recorded('UPDATE renamed SET n = 2')).toEqual(coarse('UPDATE', 'renamed'));
    await outbox.sql('ALTER TABLE renamed DROP number');
    expect(await outbox.recorded('UPDATE renamed SET n = 3')).toEqual(coarse('UPDATE', 'renamed'));
  });

  it('a type whose conversion to JSON fails', async () => {
    await outbox.sql(`
      CREATE TYPE mood AS ENUM ('good');
      CREATE FUNCTION no_json(mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE CAST (mood AS json) WITH FUNCTION no_json(mood);
      CREATE TABLE moods (id integer, m mood);`);
    await outbox.watch({ table: 'moods', key: ['id'] });
    expect(await outbox.recorded(`INSERT INTO moods VALUES (1, 'good')`)).toEqual(coarse('INSERT', 'moods'));
  });
});

describe('images are bounded in bytes', () => {
  beforeAll(() => outbox.watch({ table: 'notes', key: ['id'], maxBytes: 10_000 }));
  beforeEach(() => outbox.sql('DELETE FROM notes'));

  it.each([
    ['one large row', `INSERT INTO notes SELECT 1, NULL, repeat('x', 10001)`, false],
    ['one row within the bound', `INSERT INTO notes SELECT 1, NULL, repeat('x', 9000)`, true],
    [
      'rows that are large together',
      `INSERT INTO notes SELECT g, NULL, repeat('x', 900) FROM generate_series(1, 20) g`,
      false,
    ],
    [
      'rows that are small together',
      `INSERT INTO notes SELECT g, NULL, repeat('x', 90) FROM generate_series(1, 20) g`,
      true,
    ],
    ['a large row that was compressed away', `INSERT INTO notes SELECT 1, NULL, repeat('abc', 50000)`, false],
  ])('%s', async (_what, statement, imaged) => {
    const [record] = await outbox.recorded(statement);
    expect(record!.changes === null).toBe(!imaged);
  });

  it('a row that becomes small, or large, is bounded by the larger of its images', async () => {
    await outbox.sql(`INSERT INTO notes SELECT 1, NULL, repeat('x', 20000)`);
    expect(await outbox.recorded(`UPDATE notes SET text = ''`)).toEqual(coarse('UPDATE'));
    expect(await outbox.recorded(`UPDATE notes SET text = repeat('x', 20000)`)).toEqual(coarse('UPDATE'));
  });

  it('a large row never drops a small one of the same statement', async () => {
    const rows = `VALUES (1, NULL::json, 'small'), (2, NULL, repeat('x', 20000))`;
    expect(await outbox.recorded(`INSERT INTO notes ${rows}`)).toEqual(coarse('INSERT'));
  });
});

describe("images do not depend on the writer's session", () => {
  const SESSIONS = [
    'SELECT 1',
    `SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'escape'`,
    `SET extra_float_digits = -10; SET lc_monetary = 'C.UTF-8'; SET search_path = ''; SET row_security = off`,
    `SET standard_conforming_strings = off; SET escape_string_warning = off; SET transform_null_equals = on`,
    `SET client_encoding = 'LATIN1'; SET quote_all_identifiers = on; SET plpgsql.variable_conflict = 'error'`,
    `SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE; SET jit = on; SET jit_above_cost = 0`,
  ];

  it('whatever the session says, the record is the same', async () => {
    await outbox.sql(`
      CREATE TABLE public.values_of_all_kinds (
        id integer PRIMARY KEY, at timestamptz, day date, clock timetz, span interval, bytes bytea, half float8,
        cost money, during tstzrange, days daterange[], raw xml, "a.b" text, "back\\slash" text)`);
    await outbox.watch({ table: 'values_of_all_kinds', key: ['id'] });
    const seen = new Set<string>();
    for (const settings of SESSIONS) {
      const writer = new Client({ connectionString: outbox.url });
      await writer.connect();
      await outbox.sql('DELETE FROM cache_outbox; TRUNCATE values_of_all_kinds; DELETE FROM cache_outbox');
      try {
        await writer.query(settings);
        await writer.query(`
          INSERT INTO public.values_of_all_kinds VALUES (1, '2026-01-02 03:04:05+00', '2026-01-02', '03:04:05+00',
            '1 year 2 mons 3 days', decode('00ff41', 'hex'), 0.1::float8 + 0.2, 12.5::numeric::money,
            '[2026-01-02 00:00+00,2026-01-03 00:00+00)', ARRAY['[2026-01-02,2026-01-03)'::daterange], '<a/>', 'x', 'y')`);
      } finally {
        await writer.end();
      }
      const [record] = await outbox.records();
      seen.add(JSON.stringify(record!.changes));
    }
    expect([...seen]).toHaveLength(1);
    const [[, after]] = JSON.parse([...seen][0]!) as [Change];
    expect(after).toMatchObject({ at: '2026-01-02T03:04:05+00:00', bytes: '\\x00ff41', half: '0.30000000000000004' });
  });

  it('a role without any right on the outbox, whose search path has an outbox and operators of its own', async () => {
    const role = `r${Date.now().toString(36)}`;
    await outbox.sql(`
      CREATE ROLE ${role}; GRANT SELECT, INSERT, UPDATE ON notes TO ${role};
      CREATE SCHEMA evil AUTHORIZATION ${role};
      CREATE TABLE evil.cache_outbox (table_name text, operation text, changes jsonb);
      ALTER TABLE evil.cache_outbox OWNER TO ${role};
      CREATE FUNCTION evil.always(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
      CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.always);
      DELETE FROM notes; INSERT INTO notes VALUES (1), (2)`);
    try {
      const records = await outbox.recorded(
        `SET ROLE ${role}; SET search_path = evil, pg_catalog, public; UPDATE public.notes SET text = 'by another'; RESET ROLE; RESET search_path`,
      );
      expect(records).toEqual([
        { table: 'notes', operation: 'UPDATE', changes: [expect.anything(), expect.anything()] },
      ]);
      expect(await outbox.sql('SELECT FROM evil.cache_outbox')).toEqual([]);
    } finally {
      await outbox.sql(`RESET ROLE; RESET search_path; DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    }
  });

  it('no other role can use the trigger function to write records of its own', async () => {
    const role = `r${Date.now().toString(36)}`;
    await outbox.sql(`CREATE ROLE ${role}; CREATE SCHEMA theirs AUTHORIZATION ${role}`);
    try {
      const [{ name }] = (await outbox.sql(
        `SELECT p.oid::regprocedure::text AS name FROM pg_proc p WHERE obj_description(p.oid, 'pg_proc') = 'notes'`,
      )) as [{ name: string }];
      await outbox.sql(`SET ROLE ${role}; CREATE TABLE theirs.bait (id integer)`);
      await expect(
        outbox.sql(`CREATE TRIGGER t AFTER TRUNCATE ON theirs.bait FOR EACH STATEMENT EXECUTE FUNCTION ${name}`),
      ).rejects.toThrow(/permission denied/);
    } finally {
      await outbox.sql(`RESET ROLE; DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    }
  });
});

describe('NOTIFY never fails a commit', () => {
  it('a transaction can be prepared where two-phase commit is switched on', async () => {
    const { on } = await outbox.one<{ on: boolean }>(
      `SELECT current_setting('max_prepared_transactions') <> '0' AS on`,
    );
    if (!on) {
      await expect(outbox.sql(`BEGIN; INSERT INTO notes VALUES (90); PREPARE TRANSACTION 'p'`)).rejects.toThrow(
        /disabled/,
      );
      return outbox.sql('ROLLBACK').then(() => undefined);
    }
    await outbox.recorded(`BEGIN; INSERT INTO notes VALUES (90); PREPARE TRANSACTION 'p'`);
    await outbox.sql(`COMMIT PREPARED 'p'`);
    expect(await outbox.records()).toHaveLength(1);
  });
});
