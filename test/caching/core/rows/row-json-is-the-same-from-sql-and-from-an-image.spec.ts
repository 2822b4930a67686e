import { Client } from 'pg';
import { CacheError, type CachesRowsOptions, field, type RowImage, type SelectedRow } from '../../../../src/caching';
import { RowsDefinition } from '../../../../src/caching/core/rows/rows-definition';
import { type Backend, postgresAlone } from '../../../support/backends';
import { needs } from '../../../support/needs';

needs('postgres');

let backend: Backend;
let client: Client;
beforeAll(async () => {
  backend = await postgresAlone();
  client = new Client({ connectionString: backend.env.DATABASE_URL });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await backend.dispose();
});

const OPTIONS: CachesRowsOptions = {
  name: 'thing',
  table: 'things',
  key: { id: 'integer' },
  tag: (id) => `thing:${id}`,
  fields: {
    id: field.integer('id'),
    words: field.text('words'),
    price: field.decimal('price'),
    big: field.text('big'),
    on: field.boolean('is_on'),
    at: field.instant('at'),
  },
};

/** As the trigger makes it. */
const IMAGE = `(SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(t.*)))`;

/** Rows of a new table by both ways; `{}` where the image is not of these rows. */
async function both(
  definition: RowsDefinition,
  columns: string,
  rows: unknown[][],
): Promise<{ id: string; sql: string | null; image: string | null | undefined; idOfImage: string | undefined }[]> {
  await client.query(`DROP TABLE IF EXISTS things; CREATE TABLE things (${columns})`);
  for (const row of rows) {
    await client.query(`INSERT INTO things VALUES (${row.map((_, at) => `$${at + 1}`).join()})`, row);
  }
  await client.query(`SET TimeZone = 'Asia/Kathmandu'`);
  const selected = await client.query<SelectedRow>(`SELECT ${definition.selectList('t')} FROM things t ORDER BY ctid`);
  await client.query(`SET TimeZone = 'UTC'`);
  const images = await client.query<{ image: RowImage }>(`SELECT ${IMAGE} AS image FROM things t ORDER BY ctid`);
  return selected.rows.map(({ id, json }, at) => {
    const { image } = images.rows[at]!;
    return {
      id: definition.idSelected(id),
      sql: json,
      image: definition.jsonOf(image),
      idOfImage: definition.idIn(image),
    };
  });
}

const COLUMNS =
  'id integer, words text, price numeric(12, 2), big bigint, is_on boolean, at timestamptz, extra jsonb DEFAULT NULL';
const WORDS = [
  '',
  'plain',
  '"quoted" \\ back/slash',
  'tab\tnewline\n\u0001\u001f\u007f',
  'Ω\u2028\u{1f600}é',
  '</script>',
];
const PRICES = ['0', '0.00', '39.90', '-0.10', '9999999999.99', '40', '100', 'NaN', null];
const TIMES = ['2025-11-03T09:24:11.120Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z', 'infinity', null];

it('and both are what JSON.stringify prints', async () => {
  const definition = new RowsDefinition(OPTIONS);
  const rows = Array.from({ length: 60 }, (_, at) => [
    at,
    at % 7 === 6 ? null : WORDS[at % WORDS.length],
    PRICES[at % PRICES.length],
    at % 5 === 0 ? null : '9007199254740993',
    at % 3 === 0 ? null : at % 2 === 0,
    TIMES[at % TIMES.length],
  ]);
  const found = await both(definition, COLUMNS, rows);
  found.forEach(({ id, sql, image, idOfImage }, at) => {
    const [number, words, price, big, on, time] = rows[at] as [number, string, string, string, boolean, string];
    const value = time === null || time === 'infinity' ? null : new Date(time).toISOString();
    const amount = price === null || price === 'NaN' ? null : Number(price);
    const expected = JSON.stringify({ id: number, words, price: amount === 0 ? 0 : amount, big, on, at: value });
    expect([id, sql, image, idOfImage]).toEqual([String(number), expected, expected, String(number)]);
  });
});

it('a row that `only` leaves out is absent both ways', async () => {
  const only = { deleted_at: null, kind: `c'at` };
  const definition = new RowsDefinition({ ...OPTIONS, fields: { id: field.integer('id') }, only });
  const rows = [
    [1, null, `c'at`],
    [2, '2025-01-01', `c'at`],
    [3, null, 'dog'],
    [4, null, null],
  ];
  const found = await both(definition, 'id integer, deleted_at timestamptz, kind text', rows);
  expect(found.map(({ sql }) => sql)).toEqual(['{"id":1}', null, null, null]);
  expect(found.map(({ image }) => image)).toEqual(['{"id":1}', null, null, null]);
});

it('names and values that SQL could take for something else are what they are', async () => {
  const definition = new RowsDefinition({
    ...OPTIONS,
    fields: { r: field.integer('r'), t: field.text('t') },
    only: { t: "it's a \\ b" },
    key: { r: 'integer' },
  });
  const json = JSON.stringify({ r: 7, t: "it's a \\ b" });
  for (const strings of ['on', 'off']) {
    await client.query(`SET standard_conforming_strings = ${strings}; SET escape_string_warning = off`);
    const rows = await both(definition, 'r integer, t text', [[7, "it's a \\ b"]]);
    expect(rows).toEqual([{ id: '7', idOfImage: '7', sql: json, image: json }]);
  }
  await client.query('RESET standard_conforming_strings');
});

it('keys of several columns and of any type have one text each', async () => {
  const key = { shop: 'text', number: 'bigint', code: 'uuid' } as const;
  const definition = new RowsDefinition({ ...OPTIONS, key, fields: { shop: field.text('shop') } });
  const id = { shop: 'a,b%:', number: 9007199254740993n, code: '0B7C7A0E-3A0B-4B69-9A64-0C5A0E1D2F3A' };
  const row = [id.shop, String(id.number), id.code];
  const [found] = await both(definition, 'shop text, number bigint, code uuid', [row]);
  const text = definition.idOf(id);
  expect([found!.id, found!.idOfImage]).toEqual([text, text]);
  const columns = definition.valuesOf(text).map((value) => [value]);
  const { rows } = await client.query<SelectedRow>(definition.selectByIds(), columns);
  expect(rows.map(({ json }) => json)).toEqual([JSON.stringify({ shop: id.shop })]);
});

it('one row has one id, however it is spelled; what is no id is refused', () => {
  const integer = new RowsDefinition(OPTIONS);
  expect(['42', 42, 42n, '042', '-0'].map((id) => integer.idOf(id))).toEqual(['42', '42', '42', '42', '0']);
  const uuid = new RowsDefinition({ ...OPTIONS, key: { id: 'uuid' } });
  expect(uuid.idOf('0B7C7A0E-3A0B-4B69-9A64-0C5A0E1D2F3A')).toBe('0b7c7a0e-3a0b-4b69-9a64-0c5a0e1d2f3a');
  for (const id of ['', '1.5', '1e3', 'x', '99999999999999999999', 1.5, NaN]) {
    expect(() => integer.idOf(id)).toThrow(CacheError);
  }
  expect(() => uuid.idOf('{0b7c7a0e}')).toThrow(CacheError);
});

it('another shape has other keys, and an image without one of its columns is none', () => {
  const { fields } = OPTIONS;
  const keyOf = (options: Partial<CachesRowsOptions>): string =>
    new RowsDefinition({ ...OPTIONS, ...options }).keyOf('1');
  const others = [
    {},
    { fields: { ...fields, more: field.text('more') } },
    { fields: { ...fields, price: field.text('price') } },
    { fields: Object.fromEntries(Object.entries(fields).reverse()) },
    { only: { deleted_at: null } },
    { version: 2 },
    { table: 'other.things' },
  ].map(keyOf);
  expect(new Set(others).size).toBe(others.length);
  expect(keyOf({})).toBe(keyOf({}));
  expect(new RowsDefinition(OPTIONS).jsonOf({ id: '1', words: 'x' })).toBeUndefined();
});
