import { Outbox, useOutbox } from '../../../support/outbox';

let outbox: Outbox;
const opened = useOutbox();
beforeAll(() => (outbox = opened()));

describe('names that collide or need quotes', () => {
  const long = 'a_table_name_of_exactly_sixty_three_bytes_that_has_a_tail_';
  const TABLES = [
    'shop.orders',
    'shop_orders',
    `${long}_one_`,
    `${long}_two_`,
    'Capitals',
    'capitals',
    'two words',
    `qu'o"te`,
    'back\\slash',
    'naïve-ταβλ',
    '$watch$',
    '%s',
  ];

  it('each table has records of its own, under its own name', async () => {
    await outbox.sql('CREATE SCHEMA shop');
    const quoted = (table: string): string =>
      table
        .split('.')
        .map((part) => `"${part.replaceAll('"', '""')}"`)
        .join('.');
    for (const table of TABLES) {
      await outbox.sql(
        `CREATE TABLE ${quoted(table)} ("The Key" integer PRIMARY KEY, "back\\slash" text, "it's" text)`,
      );
      await outbox.watch({ table, key: ['The Key'] });
    }
    for (const table of TABLES) {
      const image = { 'The Key': '7', 'back\\slash': table, "it's": null };
      const value = `'${table.replaceAll("'", "''")}'`;
      expect(await outbox.recorded(`INSERT INTO ${quoted(table)} VALUES (7, ${value})`)).toEqual([
        { table, operation: 'INSERT', changes: [[null, image]] },
      ]);
    }
  });
});

describe('a schema that is renamed under the service', () => {
  it('records go to the outbox that moved with it, and not to a new one under the old name', async () => {
    await outbox.sql('CREATE SCHEMA old; SET search_path = old');
    await outbox.sql(
      'CREATE TABLE cache_outbox (LIKE public.cache_outbox INCLUDING ALL); CREATE TABLE things (id integer)',
    );
    await outbox.watch({ table: 'things', key: ['id'] });
    await outbox.sql('ALTER SCHEMA old RENAME TO new');
    await outbox.sql('INSERT INTO new.things VALUES (1)');
    expect(await outbox.sql('SELECT table_name FROM new.cache_outbox')).toEqual([{ table_name: 'things' }]);
    await outbox.sql('CREATE SCHEMA old; CREATE TABLE old.cache_outbox (LIKE public.cache_outbox INCLUDING ALL)');
    await outbox.sql('INSERT INTO new.things VALUES (2)');
    expect(await outbox.sql('SELECT FROM new.cache_outbox')).toHaveLength(2);
    expect(await outbox.sql('SELECT FROM old.cache_outbox')).toEqual([]);
    await outbox.sql('RESET search_path; DROP SCHEMA old CASCADE; DROP SCHEMA new CASCADE');
  });
});
