import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { Client } from 'pg';

/** A place for one suite's data, and what a service has to be told to use it. */
export interface Backend {
  name: 'embedded' | 'postgres+redis';
  env: Record<string, string>;
  dispose: () => Promise<void>;
}

export const POSTGRES_URL = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
export const REDIS_URL = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

/** Runs the same suite on the embedded database and on the real servers (see global-setup.ts for when there are none). */
export function onEveryBackend(suite: (open: () => Promise<Backend>) => void): void {
  describe('on the embedded database', () => suite(embedded));
  // Decided when the file is loaded: global-setup has asked the servers before, and said so where there are none.
  if (process.env.STRATA_TEST_SERVERS === 'yes') describe('on PostgreSQL and Redis', () => suite(postgresAndRedis));
}

export function embedded(): Promise<Backend> {
  const dataDir = mkdtempSync(join(tmpdir(), 'strata-test-'));
  return Promise.resolve({
    name: 'embedded',
    env: { DATA_DIR: dataDir },
    dispose: () => Promise.resolve(rmSync(dataDir, { recursive: true, force: true })),
  });
}

export async function postgresAndRedis(): Promise<Backend> {
  const name = `strata_test_${randomBytes(6).toString('hex')}`;
  await administer(`CREATE DATABASE ${name}`);
  const url = new URL(POSTGRES_URL);
  url.pathname = `/${name}`;
  return {
    name: 'postgres+redis',
    env: { DATABASE_URL: url.href, REDIS_URL, CACHE_PREFIX: name },
    dispose: async () => {
      await administer(`DROP DATABASE ${name} WITH (FORCE)`);
      await dropKeys(name);
    },
  };
}

async function administer(sql: string): Promise<void> {
  const client = new Client({ connectionString: POSTGRES_URL });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** What was cached under this prefix, the clock (in braces) included. */
async function dropKeys(prefix: string): Promise<void> {
  const client = createClient({ url: REDIS_URL });
  await client.connect();
  try {
    for await (const key of client.scanIterator({ MATCH: `*${prefix}*`, COUNT: 1_000 })) await client.del(key);
  } finally {
    await client.disconnect();
  }
}

/** Does anybody listen there? */
export function answers(url: string, fallbackPort: number): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) || fallbackPort });
    const end = (there: boolean) => () => {
      socket.destroy();
      resolve(there);
    };
    socket.setTimeout(2_000, end(false)).once('connect', end(true)).once('error', end(false));
  });
}

/** For claims that only a real server can bear out. */
export function onRealServers(suite: (open: () => Promise<Backend>) => void): void {
  if (process.env.STRATA_TEST_SERVERS === 'yes') describe('on PostgreSQL and Redis', () => suite(postgresAndRedis));
  else it.todo('needs PostgreSQL and Redis');
}
