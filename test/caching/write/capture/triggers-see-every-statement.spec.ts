import { Outbox, type Recorded, type Row, useOutbox } from '../../../support/outbox';

let outbox: Outbox;
const opened = useOutbox();
beforeAll(() => (outbox = opened()));

const inserted = (table: string, ...rows: Row[]): Recorded => ({
  table,
  operation: 'INSERT',
  changes: rows.map((row) => [null, row]),
});
const updated = (table: string, before: Row, after: Row): Recorded => ({
  table,
  operation: 'UPDATE',
  changes: [[before, after]],
});
const deleted = (table: string, ...rows: Row[]): Recorded => ({
  table,
  operation: 'DELETE',
  changes: rows.map((row) => [row, null]),
});

describe('a partitioned table', () => {
  beforeAll(async () => {
    await outbox.sql(`
      CREATE TABLE parts (id integer, n integer, PRIMARY KEY (id)) PARTITION BY RANGE (id);
      CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (100);
      CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (id);
      CREATE TABLE parts_top (n integer, id integer NOT NULL);
      ALTER TABLE parts_high ATTACH PARTITION parts_top FOR VALUES FROM (100) TO (200);`);
    await outbox.watch({ table: 'parts', key: ['id'] });
  });

  it('written through its parent and directly, at every level', async () => {
    const row = { id: '1', n: '1' };
    expect(await outbox.recorded('INSERT INTO parts VALUES (1, 1)')).toEqual([inserted('parts', row)]);
    expect(await outbox.recorded('UPDATE parts_low SET n = 2')).toEqual([updated('parts', row, { ...row, n: '2' })]);
    expect(await outbox.recorded('INSERT INTO parts_top (id, n) VALUES (100, 1)')).toEqual([
      inserted('parts', { id: '100', n: '1' }),
    ]);
    expect(await outbox.recorded('DELETE FROM parts_high')).toEqual([deleted('parts', { id: '100', n: '1' })]);
  });

  it('a row that moves to another partition is gone from one place and come to another', async () => {
    const [{ changes }] = (await outbox.recorded('UPDATE parts SET id = 150 WHERE id = 1')) as [Recorded];
    expect(changes).toEqual(
      expect.arrayContaining([
        [{ id: '1', n: '2' }, null],
        [null, { id: '150', n: '2' }],
      ]),
    );
    expect(changes).toHaveLength(2);
  });

  it('TRUNCATE of one partition', async () => {
    const records = await outbox.recorded('TRUNCATE parts_low');
    expect(records).toEqual([{ table: 'parts', operation: 'TRUNCATE', changes: null }]);
  });
});

it('inheritance: rows of a child, written through the parent and directly', async () => {
  await outbox.sql(
    'CREATE TABLE family (id integer PRIMARY KEY); CREATE TABLE kids (toy text, PRIMARY KEY (id)) INHERITS (family)',
  );
  await outbox.watch({ table: 'family', key: ['id'] });
  expect(await outbox.recorded(`INSERT INTO kids VALUES (1, 'ball')`)).toEqual([
    inserted('family', { id: '1', toy: 'ball' }),
  ]);
  expect(await outbox.recorded(`UPDATE kids SET toy = 'car'`)).toEqual([
    updated('family', { id: '1', toy: 'ball' }, { id: '1', toy: 'car' }),
  ]);
  expect(await outbox.recorded('DELETE FROM family')).toEqual([deleted('family', { id: '1' })]);
});

describe('each kind of statement', () => {
  beforeAll(async () => {
    await outbox.sql(`
      CREATE TABLE authors (id integer PRIMARY KEY, name text);
      CREATE TABLE books (author integer REFERENCES authors ON DELETE CASCADE ON UPDATE CASCADE, n integer, title text DEFAULT '-', PRIMARY KEY (author, n));
      CREATE TABLE reviews (author integer, n integer, stars integer, FOREIGN KEY (author, n) REFERENCES books ON DELETE SET NULL ON UPDATE CASCADE);`);
    await outbox.watch({ table: 'authors', key: ['id'] });
    await outbox.watch({ table: 'books', key: ['author', 'n'] });
    await outbox.watch({ table: 'reviews', key: [] });
  });
  beforeEach(() =>
    outbox.sql(`DELETE FROM authors; DELETE FROM reviews;
                INSERT INTO authors VALUES (1, 'A'); INSERT INTO books VALUES (1, 1), (1, 2); INSERT INTO reviews VALUES (1, 1, 5)`),
  );

  it('MERGE: what it inserted, updated and deleted', async () => {
    const records = await outbox.recorded(`
      MERGE INTO books b USING (VALUES (1, 1, 'x'), (1, 2, NULL), (1, 3, 'z')) AS v (author, n, title)
      ON b.author = v.author AND b.n = v.n
      WHEN MATCHED AND v.title IS NULL THEN DELETE
      WHEN MATCHED THEN UPDATE SET title = v.title
      WHEN NOT MATCHED THEN INSERT VALUES (v.author, v.n, v.title)`);
    expect(records).toEqual(
      expect.arrayContaining([
        updated('books', { author: '1', n: '1', title: '-' }, { author: '1', n: '1', title: 'x' }),
        deleted('books', { author: '1', n: '2', title: '-' }),
        inserted('books', { author: '1', n: '3', title: 'z' }),
      ]),
    );
  });

  it('a cascade: of a deletion, of a changed key, and SET NULL', async () => {
    const keys = await outbox.recorded('UPDATE authors SET id = 2');
    expect(keys.map(({ table, operation }) => `${operation} ${table}`).sort()).toEqual([
      'UPDATE authors',
      'UPDATE books',
      'UPDATE reviews',
    ]);
    const gone = await outbox.recorded('DELETE FROM authors');
    expect(gone.map(({ table, operation }) => `${operation} ${table}`).sort()).toEqual([
      'DELETE authors',
      'DELETE books',
      'UPDATE reviews',
    ]);
  });

  it('ON CONFLICT DO UPDATE and DO NOTHING', async () => {
    expect(await outbox.recorded(`INSERT INTO authors VALUES (1, 'B') ON CONFLICT DO NOTHING`)).toEqual([]);
    expect(
      await outbox.recorded(`INSERT INTO authors VALUES (1, 'B') ON CONFLICT (id) DO UPDATE SET name = excluded.name`),
    ).toEqual([updated('authors', { id: '1', name: 'A' }, { id: '1', name: 'B' })]);
  });

  it('a writing CTE, UPDATE … FROM, DELETE … USING', async () => {
    const moved = await outbox.recorded(
      `WITH gone AS (DELETE FROM books WHERE n = 2 RETURNING *) INSERT INTO books SELECT author, 9, title FROM gone`,
    );
    expect(moved).toEqual(
      expect.arrayContaining([
        deleted('books', { author: '1', n: '2', title: '-' }),
        inserted('books', { author: '1', n: '9', title: '-' }),
      ]),
    );
    await outbox.recorded(`UPDATE books SET title = name FROM authors WHERE author = id AND n = 1`);
    expect(await outbox.records()).toHaveLength(1);
  });

  it('a table without a key: rows gone and rows come, however many are equal', async () => {
    await outbox.sql('DELETE FROM reviews; INSERT INTO reviews VALUES (NULL, NULL, 5), (NULL, NULL, 5)');
    const [{ changes }] = (await outbox.recorded('UPDATE reviews SET stars = 4')) as [Recorded];
    const row = (stars: string): Row => ({ author: null, n: null, stars });
    expect(changes).toHaveLength(4);
    expect(changes).toEqual(
      expect.arrayContaining([
        [row('5'), null],
        [null, row('4')],
      ]),
    );
  });

  it('TRUNCATE … CASCADE', async () => {
    const records = await outbox.recorded('TRUNCATE authors CASCADE');
    expect(records.map(({ table }) => table).sort()).toEqual(['authors', 'books', 'reviews']);
  });

  it('COPY', async () => {
    const { folder } = await outbox.one<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`);
    const file = `'${folder}/strata-copy-${process.pid}'`;
    await outbox.sql(`COPY (SELECT 7, 'copied') TO ${file}`);
    expect(await outbox.recorded(`COPY authors FROM ${file}`)).toEqual([
      inserted('authors', { id: '7', name: 'copied' }),
    ]);
    await outbox.sql(`COPY (SELECT 1 WHERE false) TO ${file}`);
  });
});

it('generated columns, stored and (from PostgreSQL 18) virtual, have their values in the images', async () => {
  const { virtual } = await outbox.one<{ virtual: boolean }>(
    `SELECT current_setting('server_version_num')::integer >= 180000 AS virtual`,
  );
  const computed = virtual ? `, "It's net" integer GENERATED ALWAYS AS (price - price / 5) VIRTUAL` : '';
  await outbox.sql(`
    CREATE TABLE prices (id integer PRIMARY KEY, price integer, tax integer GENERATED ALWAYS AS (price / 5) STORED${computed})`);
  await outbox.watch({ table: 'prices', key: ['id'] });
  const row = (price: number): Row => ({
    id: '1',
    price: String(price),
    tax: String(price / 5),
    ...(virtual ? { "It's net": String(price - price / 5) } : {}),
  });
  expect(await outbox.recorded('INSERT INTO prices VALUES (1, 50)')).toEqual([inserted('prices', row(50))]);
  expect(await outbox.recorded('UPDATE prices SET price = 100')).toEqual([updated('prices', row(50), row(100))]);
  expect(await outbox.recorded('DELETE FROM prices')).toEqual([deleted('prices', row(100))]);
});

it('a key of a type without an equality that PostgreSQL brings pairs old and new by text', async () => {
  await outbox.sql(
    `CREATE TABLE spots (place point, doc json, n integer); INSERT INTO spots VALUES ('(1,2)', '{"a":1}', 1)`,
  );
  await outbox.watch({ table: 'spots', key: ['place', 'doc'] });
  const [{ changes }] = (await outbox.recorded('UPDATE spots SET n = 2')) as [Recorded];
  expect(changes).toHaveLength(1);
});
