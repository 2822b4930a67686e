import { Injectable, Logger, Module } from '@nestjs/common';
import { LazyModuleLoader, ModuleRef } from '@nestjs/core';
import { CacheQuery } from '../../../../src/caching';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

@Injectable()
class Lazy {
  @CacheQuery() async find(): Promise<number> {
    return Promise.resolve(1);
  }
}

@Module({ providers: [Lazy], exports: [Lazy] })
class LazyModule {}

@Injectable()
class Created {
  @CacheQuery() async find(): Promise<number> {
    return Promise.resolve(2);
  }
}

class Base {
  runs = 0;

  @CacheQuery() async find(): Promise<number> {
    this.runs += 1;
    return Promise.resolve(3);
  }

  @CacheQuery() async both(): Promise<number> {
    this.runs += 1;
    return Promise.resolve(4);
  }
}

@Injectable()
class Derived extends Base {
  override async find(): Promise<number> {
    return super.find();
  }

  @CacheQuery() override async both(): Promise<number> {
    return super.both();
  }
}

@Injectable()
class Wired {
  runs = 0;

  @CacheQuery() async find(_id: number, _other?: string): Promise<number> {
    this.runs += 1;
    return Promise.resolve(5);
  }
}

let app: CachedApp;
let warned: jest.SpyInstance;
const names = (): string[] => warned.mock.calls.map(([text]) => String(text).split(' ')[0]!);

beforeAll(async () => {
  app = await cachedApp({ providers: [Derived, Wired] });
});
beforeEach(() => {
  warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
});
afterEach(() => warned.mockRestore());
afterAll(() => closeApps());

it('a provider of a lazily loaded module', async () => {
  const module = await app.app.get(LazyModuleLoader, { strict: false }).load(() => LazyModule);
  for (let i = 0; i < 2; i += 1) expect(await module.get(Lazy).find()).toBe(1);
  expect(names()).toEqual(['Lazy.find']);
});

it('an instance made by ModuleRef.create()', async () => {
  const created = await app.app.get(ModuleRef).create(Created);
  expect(await created.find()).toBe(2);
  expect(names()).toEqual(['Created.find']);
});

it('a method that an overriding one calls by super', async () => {
  expect(await app.app.get(Derived).find()).toBe(3);
  expect(names()).toEqual(['Base.find']);
});

it('an overriding method with the decorator is cached, so nothing is to be said', async () => {
  const derived = app.app.get(Derived);
  derived.runs = 0;
  for (let i = 0; i < 2; i += 1) expect(await derived.both()).toBe(4);
  expect(derived.runs).toBe(1);
  expect(names()).toEqual([]);
});

it('a provider that was there at start is cached, and keeps its name and number of parameters', async () => {
  const one = app.app.get(Wired);
  for (let i = 0; i < 2; i += 1) expect(await one.find(1)).toBe(5);
  expect(one.runs).toBe(1);
  expect(names()).toEqual([]);
  const { name, length } = Object.getOwnPropertyDescriptor(Wired.prototype, 'find')!.value as () => void;
  expect([name, length]).toEqual(['find', 2]);
});
