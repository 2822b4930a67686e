import { canonicalText } from '../../../../src/caching/read/canonical';

class Secret {
  #amount: number;
  constructor(
    amount: number,
    readonly currency = 'EUR',
  ) {
    this.#amount = amount;
  }
  get amount(): number {
    return this.#amount;
  }
}
class Inherited extends Secret {}
class Fieldless {}

const nameless = new (class {
  a = 1;
  is(): boolean {
    return true;
  }
})();

it.each<[string, unknown]>([
  ['an instance with #private fields', new Secret(1)],
  ['an instance that inherits #private fields', new Inherited(1)],
  ['an instance of a nameless class with methods', nameless],
  ['an object that inherits data', Object.assign(Object.create({ a: 1 }), { b: 2 })],
  ['an instance without fields', new Fieldless()],
  ['an object with a symbol', { a: 1, [Symbol('b')]: 2 }],
  [
    'an object with an accessor',
    {
      get a(): number {
        return 1;
      },
    },
  ],
  ['an object with a hidden member', Object.defineProperty({ a: 1 }, 'b', { value: 2 })],
])('a cache key is never built from %s', (_what, argument) => {
  expect(() => canonicalText(argument)).toThrow(TypeError);
  expect(() => canonicalText({ deep: [argument] })).toThrow(/cannot be part of a cache key/);
});
