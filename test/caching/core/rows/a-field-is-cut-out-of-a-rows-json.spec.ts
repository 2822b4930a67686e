import { RowTexts } from '../../../../src/caching/core/rows/row-texts';

const NAMES = ['id', 'name', 'note', 'stock'];
const texts = new RowTexts(NAMES);

/** Texts that look like the JSON around them. */
const HOSTILE = [
  '',
  '"',
  '\\',
  '\\"',
  '","stock":7',
  '"note":"x","stock":',
  '","note":"',
  '{"id":1}',
  'a\nb\u2028',
  '\ud83d\ude00',
  'null',
];

it('each field is the JSON of its value, whatever the values are', () => {
  for (const name of HOSTILE) {
    for (const note of [...HOSTILE, null]) {
      const row: Record<string, unknown> = { id: 12, name, note, stock: -0.5 };
      const field = texts.of(JSON.stringify(row));
      expect(NAMES.map(field)).toEqual(NAMES.map((key) => JSON.stringify(row[key])));
    }
  }
});

it('a name that is no field is refused by name', () => {
  expect(() => texts.of('{"id":1,"name":"n","note":null,"stock":1}')('price')).toThrow('no field "price"');
});
