import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import { sql } from '../test/support/sql';
import { CONNECTIONS, generator } from './load';
import { canPin, CLIENT_CORE, SERVER_CORE } from './processes';

const PACKAGES = [
  '@nestjs/core',
  'fastify',
  'express',
  '@nestjs/cache-manager',
  'cache-manager',
  'cache-manager-redis-yet',
  'bentocache',
  'typeorm',
  'pg',
];

/** Where and with what it was measured: what a reader needs to place the numbers. */
export async function facts(postgresUrl: string, redisUrl: string): Promise<[string, string][]> {
  const [postgres] = await sql<{ server_version: string }>(postgresUrl, 'SHOW server_version');
  return [
    ['date', new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC'],
    [
      'machine',
      `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`,
    ],
    ['Node.js', process.version],
    ['PostgreSQL', postgres!.server_version],
    ['Redis', await redisVersion(redisUrl)],
    ['packages', PACKAGES.map((name) => `${name} ${version(name)}`).join(', ')],
    ['load', `${generator}, ${CONNECTIONS} connections, keep-alive, loopback`],
    [
      'cores',
      canPin
        ? `services on core ${SERVER_CORE}, load on core ${CLIENT_CORE}, PostgreSQL and Redis where the kernel puts them`
        : 'nothing is pinned: one core, or no taskset',
    ],
  ];
}

async function redisVersion(url: string): Promise<string> {
  const client = new Redis(url);
  try {
    return /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'unknown';
  } finally {
    client.disconnect();
  }
}

function version(name: string): string {
  const file = join(__dirname, '../node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
