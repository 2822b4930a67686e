import { Injectable, Logger } from '@nestjs/common';
import { CacheQuery } from '../../../../src/caching';
import { cachedApp, closeApps } from '../../../support/nest-app';

class Money {
  constructor(readonly amount: number) {}
}

class Salary extends Money {}

/** As drivers of databases have them. */
class Rows extends Array<unknown> {
  command = 'SELECT';
}

class Day extends Date {
  tomorrow(): number {
    return this.getDate() + 1;
  }
}

/** Nested deeper than the stack is. */
const deep = (): unknown => {
  let list: unknown[] = [];
  for (let i = 0; i < 50_000; i += 1) list = [list];
  return list;
};

@Injectable()
class Results {
  runs = 0;
  next: unknown;

  private run(): unknown {
    this.runs += 1;
    return this.next;
  }

  @CacheQuery() async plain(_name: string): Promise<unknown> {
    return Promise.resolve(this.run());
  }

  @CacheQuery({ type: Money }) async money(_name: string): Promise<unknown> {
    return Promise.resolve(this.run());
  }
}

let results: Results;
let warned: jest.SpyInstance;

beforeEach(async () => {
  warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
  const { app } = await cachedApp({ providers: [Results] });
  results = app.get(Results);
});
afterEach(async () => {
  warned.mockRestore();
  await closeApps();
});

/** Each refers to all others: visiting every path would never end. */
const circular: Record<string, unknown>[] = Array.from({ length: 9 }, () => ({}));
for (const one of circular) Object.assign(one, { others: circular });

it.each<[string, unknown, 'plain' | 'money']>([
  ['an instance without a given class', new Money(1), 'plain'],
  ['one deep inside', { money: new Money(1) }, 'plain'],
  ['one deep inside, where only the outer object is restored as an instance', { money: new Money(1) }, 'money'],
  ['an instance of a subclass', new Salary(1), 'money'],
  ['a Map', new Map([[1, 2]]), 'plain'],
  ['a Set', new Set([1]), 'plain'],
  ['a Buffer', Buffer.from('x'), 'plain'],
  ['an error', new Error('no'), 'plain'],
  ['a date of a class', [new Day(0)], 'plain'],
  ['a date with members of its own', Object.assign(new Date(0), { zone: 'UTC' }), 'plain'],
  ['a member under a symbol', { rows: [{ id: 1, [Symbol('hidden')]: 2 }] }, 'plain'],
  ['a list that is nested too deep', deep(), 'plain'],
  [
    'a getter that throws',
    {
      get broken() {
        throw new Error('not now');
      },
    },
    'plain',
  ],
  ['a list of a class', Rows.from([1, 2]), 'plain'],
  ['a list with members of its own', { rows: Object.assign([1, 2], { count: 2 }) }, 'plain'],
  ['a list with gaps', [1, , 2], 'plain'],
  ['a function', { call: () => 1 }, 'plain'],
  ['a cycle', circular, 'plain'],
])(
  'a result that cannot be restored is not cached, is returned as it is, and is logged once: %s',
  async (name, value, method) => {
    results.next = value;
    expect(await results[method](name)).toBe(value);
    expect(await results[method](name)).toBe(value);
    expect(results.runs).toBe(2);
    expect(warned.mock.calls).toEqual([[expect.stringMatching(/^Results\.\w+ is not cached: /)]]);
  },
);
