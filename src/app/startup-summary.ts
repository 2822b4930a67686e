import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import bytes from 'bytes';
import ms from 'ms';
import { DataSource } from 'typeorm';
import { CACHE_STACK, type CacheStack, withoutCredentials } from '../caching';
import type { AppConfig } from '../config';

/** The parts that the service runs on, for the start-up message. No credentials. */
export interface StartupSummary {
  readonly database: string;
  readonly redis: string;
  readonly cache: string;
  readonly edge: string;
  readonly runtime: string;
}

export async function startupSummary(app: NestFastifyApplication, config: AppConfig): Promise<StartupSummary> {
  const { database, edge } = config;
  const { version } = process;
  return {
    database: `PostgreSQL ${await versionOf(app.get(DataSource))}, ${database.url === undefined ? `embedded in ${database.dataDir}` : place(database.url)}`,
    redis: redisOf(config, app.get<CacheStack>(CACHE_STACK)),
    cache: cacheOf(config.cache),
    edge: edge.url === undefined ? edge.purge : `${edge.purge}, purged at ${place(edge.url)}`,
    runtime: `Node ${version}, process ${process.pid}`,
  };
}

async function versionOf(database: DataSource): Promise<string> {
  const rows = await database.query<{ server_version: string }[]>('SHOW server_version').catch(() => []);
  return rows[0]?.server_version.split(' ', 1)[0] ?? 'of unknown version';
}

function redisOf({ redis, cache }: AppConfig, { redis: client }: CacheStack): string {
  if (!client) return 'none, so one process';
  const state = client.isUp ? '' : ` (unavailable, going on without it: ${client.fault ?? 'it has not replied yet'})`;
  return `${withoutCredentials(redis.url ?? '')}, prefix ${cache.prefix}${state}`;
}

function cacheOf({ layers, ttl, grace, consistency, maxLag, l1MaxBytes }: AppConfig['cache']): string {
  if (layers.length === 0) return 'no layer';
  const bound = consistency === 'strict' ? 'strict' : `bounded, ${ms(maxLag)} at most behind`;
  return `${layers.join(' and ')}, fresh for ${ms(ttl)}, ${ms(grace)} of grace, ${bound}, L1 up to ${bytes(l1MaxBytes)}`;
}

/** Scheme, host, port and path of an address: what is left without a password. */
function place(address: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
