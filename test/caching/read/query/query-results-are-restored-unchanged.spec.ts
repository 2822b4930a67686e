import { Injectable } from '@nestjs/common';
import fc from 'fast-check';
import { type CacheEntry, CacheQuery } from '../../../../src/caching';
import { decodeResult, encodeResult } from '../../../../src/caching/read/query/codec';
import { cachedApp, closeApps } from '../../../support/nest-app';

class Money {
  constructor(
    readonly amount: number,
    readonly since: Date,
  ) {}

  get text(): string {
    return `${this.amount} €`;
  }
}

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

const decoded = (body: CacheEntry['body'], type?: typeof Money): unknown => decodeResult({ body } as CacheEntry, type);

let results: Results;

beforeAll(async () => {
  const { app } = await cachedApp({ providers: [Results] });
  results = app.get(Results);
});
beforeEach(() => (results.runs = 0));
afterAll(async () => {
  await closeApps();
});

const day = new Date('2026-11-23T08:00:00Z');

it.each([
  ['null', null],
  ['undefined', undefined],
  ['false', false],
  ['an empty text', ''],
  ['a date', day],
  ['a bigint', 12345678901234567890n],
  ['numbers that JSON cannot represent', [NaN, Infinity, -Infinity, -0]],
  ['all of them, deep inside', { rows: [{ at: day, id: 1n, none: null, list: [undefined, { at: day }] }] }],
  ['data with members named like marks', { $type: 'Date', value: '2026', at: day, deep: [{ $type: 'object' }] }],
  ['a member called __proto__', JSON.parse('{"__proto__":{"a":1}}') as unknown],
])('%s', async (name, value) => {
  results.next = value;
  expect(await results.plain(name)).toEqual(value);
  expect(await results.plain(name)).toEqual(value);
  expect(results.runs).toBe(1);
});

it('an invalid date', async () => {
  results.next = new Date(NaN);
  for (let i = 0; i < 2; i++) expect(String(await results.plain('none'))).toBe('Invalid Date');
  expect(results.runs).toBe(1);
});

it('any plain data', () => {
  // A member called toString would confuse toEqual, not the codec.
  const key = fc.string().filter((name) => !(name in Object.prototype));
  const plain = fc.anything({
    key,
    withBigInt: true,
    withDate: true,
    withNullPrototype: false,
    withSparseArray: false,
  });
  fc.assert(
    fc.property(plain.filter(hasNoInvalidDate), (value) => {
      // toEqual, as members that are undefined may be left out.
      expect(decoded(encodeResult(value, undefined))).toEqual(value);
    }),
    { numRuns: 1_000 },
  );
});

it('instances of the given class, alone and in lists', async () => {
  results.next = new Money(5, day);
  for (let i = 0; i < 2; i++) {
    const money = (await results.money('one')) as Money;
    expect(money).toBeInstanceOf(Money);
    expect([money.text, money.since]).toEqual(['5 €', day]);
  }
  results.next = [new Money(1, day), new Money(2, day)];
  for (let i = 0; i < 2; i++) {
    const list = (await results.money('list')) as Money[];
    expect(list.map(({ text }) => text)).toEqual(['1 €', '2 €']);
  }
  expect(results.runs).toBe(2);
});

class Fields {
  own = {};

  /** Of the class, where an instance may have a member of its own of this name. */
  get shown(): string {
    return 'by the class';
  }
}

it('an instance is restored with its own members, whatever the class has under their names', () => {
  const fields = Object.defineProperty(new Fields(), 'shown', { value: 'own', enumerable: true });
  const named = Object.defineProperty(new Fields(), '__proto__', { value: 'own', enumerable: true });
  for (const one of [fields, named]) {
    const [restored] = decodeResult({ body: encodeResult([one], Fields) } as CacheEntry, Fields) as Fields[];
    expect(Object.getPrototypeOf(restored)).toBe(Fields.prototype);
    expect(Object.entries(restored!)).toEqual(Object.entries(one));
  }
});

class Told extends Money {
  toJSON(): string {
    return 'something else';
  }
}

it('an instance is stored by its members, not by its toJSON()', () => {
  const told = new Told(5, day);
  expect(decoded(encodeResult(told, Told), Told)).toEqual(told);
  expect(decoded(encodeResult([told], Told), Told)).toEqual([told]);
});

it('the loading caller gets the object itself, every other caller a copy', async () => {
  const value = { list: [{ name: 'first' }] };
  results.next = value;
  const [leader, joined] = await Promise.all([results.plain('own'), results.plain('own')]);
  const hit = await results.plain('own');
  expect(leader).toBe(value);
  for (const copy of [joined, hit]) {
    expect(copy).toEqual(value);
    expect(copy).not.toBe(value);
  }
  expect(joined).not.toBe(hit);
  expect(results.runs).toBe(1);
});

it('changing a result does not change the results of other callers', async () => {
  results.next = { list: [{ name: 'first' }], at: day };
  const [leader, joined] = (await Promise.all([results.plain('copies'), results.plain('copies')])) as {
    list: { name: string }[];
    at: Date;
  }[];
  leader!.list[0]!.name = 'changed';
  leader!.at.setFullYear(1999);
  leader!.list.push({ name: 'more' });
  expect(joined).toEqual({ list: [{ name: 'first' }], at: new Date('2026-11-23T08:00:00Z') });
  expect(await results.plain('copies')).toEqual(joined);
});

/** Jest never considers two invalid dates equal. */
function hasNoInvalidDate(value: unknown): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  return typeof value !== 'object' || value === null || Object.values(value).every(hasNoInvalidDate);
}
