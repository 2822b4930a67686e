import { Injectable, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CacheQuery, CacheService, CachingModule } from '../../../../src/caching';
import { canonicalText } from '../../../../src/caching/read/canonical';
import { cachedApp, closeApps } from '../../../support/nest-app';

class Filter {
  constructor(values: object) {
    Object.assign(this, values);
  }
}

abstract class Criterion {
  constructor(readonly price: number) {}
  abstract accepts(price: number): boolean;
}

class PriceAbove extends Criterion {
  accepts(price: number): boolean {
    return price > this.price;
  }
}

class PriceBelow extends Criterion {
  accepts(price: number): boolean {
    return price < this.price;
  }
}

abstract class Base {
  runs: string[] = [];
  abstract readonly name: string;

  @CacheQuery() async inherited(): Promise<string> {
    this.runs.push('inherited');
    return Promise.resolve(this.name);
  }

  @CacheQuery() async overridden(): Promise<string> {
    this.runs.push('base');
    return Promise.resolve('base');
  }
}

@Injectable()
class Shop extends Base {
  readonly name = 'shop';

  @CacheQuery() async find(...args: unknown[]): Promise<number> {
    return Promise.resolve(this.runs.push(canonicalText(args.length)));
  }

  @CacheQuery({ key: ({ id }: { id: number }) => String(id) }) async byKey(what: object): Promise<number> {
    return Promise.resolve(this.runs.push(Object.keys(what).join()));
  }

  override async overridden(): Promise<string> {
    this.runs.push('override');
    return super.overridden();
  }

  async twice(): Promise<string[]> {
    return [await this.inherited(), await this.inherited()];
  }
}

@Injectable()
class Office extends Base {
  readonly name = 'office';
}

let shop: Shop;
let office: Office;
let cache: CacheService;

beforeAll(async () => {
  const made = await cachedApp({ providers: [Shop, Office, { provide: Symbol('again'), useExisting: Shop }] });
  ({ cache } = made);
  shop = made.app.get(Shop);
  office = made.app.get(Office);
});
beforeEach(async () => {
  shop.runs = [];
  await cache.clear();
});
afterAll(closeApps);

const date = new Date(0);

it.each<[string, unknown[], unknown[]]>([
  ['the order of names', [{ a: 1, b: { c: 2, d: 3 } }], [{ b: { d: 3, c: 2 }, a: 1 }]],
  ['members that are undefined', [{ a: 1, b: undefined }], [{ a: 1 }]],
  ['arguments left out', [1, undefined, undefined], [1]],
  ['equal dates', [new Date(5)], [new Date(5)]],
  ['0 and -0', [0], [-0]],
  ['equal instances of a class with methods', [new PriceAbove(5)], [new PriceAbove(5)]],
  ['a DTO and its like', [new Filter({ a: 1 })], [{ a: 1 }]],
])('one call: %s', async (_what, one, other) => {
  expect(await shop.find(...one)).toBe(await shop.find(...other));
});

it.each<[string, unknown[], unknown[]]>([
  ['numbers and texts', [1], ['1']],
  ['dates and texts', [date], [date.toISOString()]],
  ['dates and numbers', [date], [0]],
  ['null and nothing', [null], []],
  ['null and "null"', [null], ['null']],
  ['two arguments and a list', [1, 2], [[1, 2]]],
  ['nested lists', [[1], 2], [[1, 2]]],
  ['texts that look like more', ['a","b'], ['a', 'b']],
  ['bigint and number', [1n], [1]],
  ['classes that use the same data in two ways', [new PriceAbove(5)], [new PriceBelow(5)]],
  ['an instance with methods and its data', [new PriceAbove(5)], [{ price: 5 }]],
  ['undefined before an argument', [undefined, 1], [1]],
])('two calls: %s', async (_what, one, other) => {
  await shop.find(...one);
  await shop.find(...other);
  expect(shop.runs).toHaveLength(2);
});

it.each<[string, unknown]>([
  ['a function', () => 1],
  ['a symbol', Symbol('x')],
  ['a Map', new Map()],
  ['a Set', new Set([1])],
  ['a Buffer', Buffer.from('x')],
  ['a RegExp', /x/],
  ['a URL', new URL('http://a/')],
  ['URLSearchParams', new URLSearchParams('a=1')],
  ['an ArrayBuffer', new ArrayBuffer(1)],
  ['an Error', new Error('x')],
  ['a boxed number', Object(1)],
])('an argument without a canonical form is refused: %s', async (_what, argument) => {
  await expect(shop.find(argument)).rejects.toMatchObject({
    code: 'CACHE_KEY',
    message: expect.stringContaining('Shop.find') as string,
  });
  await expect(shop.find({ deep: [argument] })).rejects.toMatchObject({ code: 'CACHE_KEY' });
});

it('the key option replaces the canonical arguments', async () => {
  await shop.byKey({ id: 1, call: () => 1 });
  await shop.byKey({ id: 1, other: true });
  await shop.byKey({ id: 2 });
  expect(shop.runs).toEqual(['id,call', 'id']);
});

it('keys are bounded for any argument', async () => {
  await shop.find('x'.repeat(10_000));
  await shop.find('x'.repeat(10_001));
  expect(shop.runs).toHaveLength(2);
  for (const { key } of (await cache.entries({ prefix: 'query:' })).entries)
    expect(key.length).toBeLessThanOrEqual(200);
});

it('a key is never cut inside a surrogate pair', async () => {
  for (const length of [118, 119, 120, 121, 122]) {
    for (let shift = 0; shift < 2; shift++) {
      const text = `${'x'.repeat(shift)}${'\u{1f375}'.repeat(length)}`;
      expect(await shop.find(text)).toBe(await shop.find(text));
    }
  }
});

it('`this.method()` and inherited methods are cached, each class on its own', async () => {
  expect(await shop.twice()).toEqual(['shop', 'shop']);
  expect(shop.runs).toEqual(['inherited']);
  expect(await office.inherited()).toBe('office');
  expect(await office.inherited()).toBe('office');
  expect(office.runs).toEqual(['inherited']);
});

it('an override without the decorator is not cached', async () => {
  await shop.overridden();
  await shop.overridden();
  expect(shop.runs).toEqual(['override', 'base', 'override', 'base']);
});

const start = (...providers: unknown[]): Promise<unknown> =>
  Test.createTestingModule({ imports: [CachingModule.forRoot({})], providers: providers as never })
    .compile()
    .then((module) => module.init());

it.each([
  ['request', Scope.REQUEST],
  ['transient', Scope.TRANSIENT],
])('refuses to start on a provider of %s scope, where the decorator would have no effect', async (_name, scope) => {
  @Injectable({ scope })
  class Scoped {
    @CacheQuery() async find(): Promise<number> {
      return Promise.resolve(1);
    }
  }
  @Injectable()
  class Host {
    constructor(readonly scoped: Scoped) {}
  }
  Reflect.defineMetadata('design:paramtypes', [Scoped], Host);
  await expect(start(Scoped, Host)).rejects.toMatchObject({ code: 'CACHE_QUERY_SCOPE' });
});

it('refuses to start with two methods of one name', async () => {
  const named = (): unknown => {
    @Injectable()
    class Same {
      @CacheQuery() async find(): Promise<number> {
        return Promise.resolve(1);
      }
    }
    return Same;
  };
  await expect(start(named(), named())).rejects.toMatchObject({ code: 'CACHE_QUERY_SCOPE' });
});

it('caches methods of a provider under a symbol', async () => {
  @Injectable()
  class Hidden {
    runs = 0;
    @CacheQuery() async find(): Promise<number> {
      return Promise.resolve(++this.runs);
    }
  }
  const token = Symbol('hidden');
  const { app } = await cachedApp({ providers: [{ provide: token, useFactory: () => new Hidden() }] });
  const hidden = app.get<Hidden>(token);
  expect([await hidden.find(), await hidden.find()]).toEqual([1, 1]);
});
