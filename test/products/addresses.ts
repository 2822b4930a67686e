import fc from 'fast-check';

const page = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 6 }) },
  fc.constantFrom(1, 199, 200, 201, 5_000),
);

/** A parameter or nothing: names are written in any order, numbers as clients may write them. */
const maybe = (name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<string | undefined> =>
  fc.option(
    value.map((text) => `${name}=${encodeURIComponent(String(text))}`),
    { nil: undefined, freq: 3 },
  );

const numberText = (number: fc.Arbitrary<number>): fc.Arbitrary<string> =>
  fc.tuple(number, fc.constantFrom('', '0', '00')).map(([value, zeros]) => `${zeros}${value}`);

const listParameters = [
  maybe('page', numberText(page)),
  maybe('page_size', fc.constantFrom('1', '7', '50', '050', '200', '201')),
  maybe('category', fc.constantFrom('kitchen', 'toys', 'no-such-thing', 'Not A Slug')),
  maybe('min_price', fc.constantFrom('0', '10', '10.0', '10.00', '1e3')),
  maybe('max_price', fc.constantFrom('5', '100', '99.99', '99.999')),
  maybe('min_rating', fc.constantFrom('4', '4.50', '6')),
  maybe('in_stock', fc.constantFrom('true', 'false', 'yes')),
  maybe('search', fc.constantFrom('copper', 'copper kettle', 'ünïcode "quoted" &=?', '%', '')),
  maybe('ordering', fc.constantFrom('price', '-price', 'name', '-rating', 'created_at', 'id')),
  maybe('unknown', fc.constant('1')),
];

const query = (parameters: fc.Arbitrary<string | undefined>[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parameters)
    .map((all) => all.filter((one) => one !== undefined))
    .chain((given) => fc.shuffledSubarray(given, { minLength: given.length }))
    .map((given) => (given.length > 0 ? `?${given.join('&')}` : ''));

const with_ = (paths: fc.Arbitrary<string>, parameters: fc.Arbitrary<string | undefined>[]): fc.Arbitrary<string> =>
  fc.tuple(paths, fc.constantFrom('', '', '', '/'), query(parameters)).map((parts) => parts.join(''));

const id = fc.oneof(
  fc.integer({ min: 1, max: 60 }),
  fc.constantFrom(10_000, 999_999, 0, -1, 2_147_483_648, 'abc', '007'),
);

/** Any address of a public cached route: right, odd and wrong ones. */
export const publicAddress = fc.oneof(
  { weight: 4, arbitrary: with_(fc.constant('/api/products'), listParameters) },
  with_(fc.constant('/api/products/featured'), [maybe('page', numberText(page)), maybe('page_size', fc.constant('3'))]),
  with_(fc.constant('/api/products/stats'), [maybe('page', fc.constant('1'))]),
  with_(
    id.map((value) => `/api/products/${value}`),
    [maybe('currency', fc.constantFrom('EUR', 'JPY', 'XXX', 'eur'))],
  ),
  with_(fc.constant('/api/rates'), [maybe('base', fc.constant('EUR'))]),
);

export const acceptEncoding = fc.constantFrom(
  undefined,
  'identity',
  'gzip',
  'br',
  'gzip, br',
  'br;q=0.5, gzip',
  'gzip;q=0',
  '*',
  '*;q=0.5, identity;q=0',
  'identity;q=0, gzip',
  'deflate, zstd',
  '',
);
