import { mkdtempSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Inject, Injectable } from '@nestjs/common';
import { CacheQuery, CacheView } from '../../src/caching';
import { applicationName } from '../../src/caching/application-name';
import { eventually } from '../support/eventually';
import { cachedApp, closeApps, type CachedApp } from '../support/nest-app';
import { needs } from '../support/needs';
import { RedisServer } from '../support/redis-server';

needs('redis-server');

let redis: RedisServer;

beforeAll(async () => void (redis = await RedisServer.start()));
afterEach(closeApps);
afterAll(() => redis.stop());

interface Program {
  prefix: string;
  application?: string;
  price: number;
  version?: number;
  secret?: string;
}

/** A program whose classes and routes have the same names in every other one. */
function program({ price, version, ...caching }: Program): Promise<CachedApp> {
  @Injectable()
  class Prices {
    @CacheQuery({ version, ttl: '1h' })
    all(): Promise<number[]> {
      return Promise.resolve([price]);
    }
  }

  @Controller('prices')
  class PricesController {
    constructor(@Inject(Prices) private readonly prices: Prices) {}

    @Get()
    @CacheView({ version, ttl: '1h' })
    async list(): Promise<object> {
      return { prices: await this.prices.all() };
    }
  }
  return cachedApp({
    caching: { ...caching, l2Timeout: '5s', redis: { url: redis.url } },
    controllers: [PricesController],
    providers: [Prices],
  });
}

async function pricesOf(given: Program): Promise<unknown> {
  const { ask } = await program(given);
  return JSON.parse((await ask('/prices')).body.toString());
}

const entries = (prefix: string): Promise<string[]> => redis.command<string[]>('KEYS', `${prefix}:entry:*`);

async function filled(given: Program, count: number): Promise<void> {
  expect(await pricesOf(given)).toEqual({ prices: [given.price] });
  await eventually(async () => (await entries(given.prefix)).length === count);
}

it.each([undefined, 'a secret that both of them know'])(
  'two programs on one prefix never share an entry (secret: %s)',
  async (secret) => {
    const prefix = secret ? 'sealed' : 'plain';
    await filled({ prefix, application: 'shop', price: 10, secret }, 2);
    await filled({ prefix, application: 'back-office', price: 7, secret }, 4);
    expect(await pricesOf({ prefix, application: 'shop', price: 99, secret })).toEqual({ prices: [10] });
    expect(await pricesOf({ prefix, application: 'back-office', price: 99, secret })).toEqual({ prices: [7] });
  },
);

it('nodes of one program share their keys without naming the program', async () => {
  await filled({ prefix: 'unnamed', price: 10 }, 2);
  expect(await pricesOf({ prefix: 'unnamed', price: 99 })).toEqual({ prices: [10] });
});

it('a release that changes the version reads no entry of the one before, which goes on reading its own', async () => {
  await filled({ prefix: 'released', price: 1, version: 1 }, 2);
  await filled({ prefix: 'released', price: 2, version: 2 }, 4);
  expect(await pricesOf({ prefix: 'released', price: 99, version: 1 })).toEqual({ prices: [1] });
  expect(await pricesOf({ prefix: 'released', price: 99, version: 2 })).toEqual({ prices: [2] });
});

it('clear() frees the entries of every program under the prefix', async () => {
  await filled({ prefix: 'cleared', application: 'shop', price: 10 }, 2);
  const { cache } = await program({ prefix: 'cleared', application: 'back-office', price: 7 });
  await cache.clear();
  expect(await entries('cleared')).toEqual([]);
});

it('an application that cannot be part of a key is refused by name', async () => {
  await expect(program({ prefix: 'refused', application: 'a:b', price: 1 })).rejects.toThrow(
    /cache option "application"/,
  );
});

describe('the default name', () => {
  let folder: string;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'strata-name-')));
    mkdirSync(join(folder, 'dist/apps/shop'), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    [{ name: '@acme/suite' }, 'dist/apps/shop/main.js', '-acme-suite-dist-apps-shop-main'],
    [{ name: '@acme/suite' }, 'dist/apps/office/main.mjs', '-acme-suite-dist-apps-office-main'],
    [{ name: 'x'.repeat(100) }, 'main.js', `${'x'.repeat(59)}-main`],
  ])('package and entry file: %j, %s', (manifest, main, name) => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    // A folder in between may have a manifest that names nothing.
    writeFileSync(join(folder, 'dist/package.json'), '{"type":"commonjs"}');
    expect(applicationName(join(folder, main))).toBe(name);
  });
});
