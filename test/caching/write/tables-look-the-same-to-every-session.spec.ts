import { checkSql, judgeCheck } from '../../../src/caching/write/drain/watch-check';
import { Outbox, useOutbox } from '../../support/outbox';

let outbox: Outbox;
const opened = useOutbox();
beforeAll(async () => {
  outbox = opened();
  await outbox.sql(`
    CREATE TYPE kind AS ENUM ('new');
    CREATE TABLE things (id integer PRIMARY KEY);
    INSERT INTO things VALUES (1);
    ALTER TABLE things ADD COLUMN at timestamptz DEFAULT now(), ADD COLUMN raw bytea DEFAULT '\\xff00',
      ADD COLUMN span interval DEFAULT '1 mon 2 h', ADD COLUMN ratio float8 DEFAULT 0.1, ADD COLUMN what kind DEFAULT 'new',
      ADD COLUMN sum numeric GENERATED ALWAYS AS (id * 1.5) STORED`);
  await outbox.watch({ table: 'things', key: ['id'] });
});

const identity = async (): Promise<string> => judgeCheck(await outbox.db.query(checkSql(['things']))).identity;

it.each([
  `SET TimeZone = 'Asia/Kathmandu'`,
  `SET DateStyle = 'SQL, DMY'`,
  `SET IntervalStyle = 'iso_8601'`,
  `SET bytea_output = 'escape'`,
  `SET extra_float_digits = -3`,
  `SET quote_all_identifiers = on`,
])('%s: two nodes with other settings do not take their database for two', async (setting) => {
  const before = await identity();
  await outbox.sql(setting);
  expect(await identity()).toBe(before);
  await outbox.sql('RESET ALL');
});

it('a column with another default for the rows before it is another', async () => {
  const before = await identity();
  await outbox.sql(`ALTER TABLE things DROP COLUMN ratio; ALTER TABLE things ADD COLUMN ratio float8 DEFAULT 0.2`);
  expect(await identity()).not.toBe(before);
});
