import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'iovalkey';
import { effort } from './effort';
import { shared } from './machine/shared';
import { lacks, needed, needs } from './needs';
import { sql } from './sql';

/** A place for one suite's data, and what a service has to be told to use it. */
export interface Backend {
  name: 'embedded' | 'postgres' | 'postgres+redis';
  env: Record<string, string>;
  dispose: () => Promise<void>;
}

/** @param products how many the catalogue has; without, there is no table yet */
export type OpenBackend = (products?: number) => Promise<Backend>;

/**
 * Runs the same suite on real servers and on the embedded database: in `npm test` there only where the machine lacks the servers. What runs
 * on either is PostgreSQL, and many suites are for the embedded one alone.
 */
export function onEveryBackend(suite: (open: OpenBackend) => void): void {
  if (effort(lacks('postgres', 'redis-server'), true)) describe('on the embedded database', () => suite(embedded));
  onRealServers(suite);
}

/** For claims that only a real server can bear out. */
export function onRealServers(suite: (open: OpenBackend) => void): void {
  describe('on PostgreSQL and Redis', () => {
    needs('postgres', 'redis-server');
    suite(postgresAndRedis);
  });
}

/** For claims about the database alone. */
export function onPostgres(suite: (open: OpenBackend) => void): void {
  describe('on PostgreSQL', () => {
    needs('postgres');
    suite(postgresAlone);
  });
}

export async function embedded(products?: number): Promise<Backend> {
  const dataDir = mkdtempSync(join(tmpdir(), 'strata-test-'));
  if (products !== undefined) await promisify(execFile)('cp', ['-R', `${await shared('folder', products)}/.`, dataDir]);
  return {
    name: 'embedded',
    env: { DATA_DIR: dataDir },
    dispose: () => Promise.resolve(rmSync(dataDir, { recursive: true, force: true })),
  };
}

/** For claims that have nothing to do with the database: the one that costs a start least. */
export function anyDatabase(products?: number): Promise<Backend> {
  return lacks('postgres') ? embedded(products) : onOwnDatabase(products);
}

export async function postgresAndRedis(products?: number): Promise<Backend> {
  needed('postgres');
  needed('redis-server');
  const name = `strata_test_${randomBytes(6).toString('hex')}`;
  const redis = await shared('redis');
  const database = await newDatabase(name, products);
  return {
    name: 'postgres+redis',
    env: { DATABASE_URL: database, REDIS_URL: redis, CACHE_PREFIX: name },
    dispose: async () => {
      await dropDatabase(name);
      await dropKeys(redis, name);
    },
  };
}

export function postgresAlone(products?: number): Promise<Backend> {
  needed('postgres');
  return onOwnDatabase(products);
}

async function onOwnDatabase(products?: number): Promise<Backend> {
  const name = `strata_test_${randomBytes(6).toString('hex')}`;
  const env = { DATABASE_URL: await newDatabase(name, products) };
  return { name: 'postgres', env, dispose: () => dropDatabase(name) };
}

/** @returns its URL */
async function newDatabase(name: string, products?: number): Promise<string> {
  const template = products === undefined ? '' : ` TEMPLATE ${await shared('products', products)}`;
  const url = new URL(await shared('postgres'));
  await sql(url.href, `CREATE DATABASE ${name}${template}`);
  url.pathname = `/${name}`;
  return url.href;
}

async function dropDatabase(name: string): Promise<void> {
  await sql(await shared('postgres'), `DROP DATABASE ${name} WITH (FORCE)`);
}

/** What was cached under this prefix, the clock (in braces) included. */
async function dropKeys(url: string, prefix: string): Promise<void> {
  const client = new Redis(url);
  try {
    for await (const keys of client.scanStream({ match: `*${prefix}*`, count: 1_000 }) as AsyncIterable<string[]>) {
      if (keys.length > 0) await client.unlink(keys);
    }
  } finally {
    client.disconnect();
  }
}
