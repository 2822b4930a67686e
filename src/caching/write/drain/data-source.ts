import type { Pool } from 'pg';
import type { ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { CacheError } from '../../caching.errors';
import { tagRulesOf } from '../capture/evicts-tags.decorator';
import type { SessionTarget } from './dedicated-session';

const NAME = 'strata-outbox';

/** The pool that writes go to. Another one after the DataSource was destroyed and initialised again. @throws CacheError `CACHE_DATA_SOURCE` */
export function writePoolOf(dataSource: DataSource): Pool {
  if (!dataSource.isInitialized) {
    throw new CacheError(
      'CACHE_DATA_SOURCE',
      `The DataSource of ${nameOf(dataSource)} is not initialised. EvictionModule needs it when the application starts: remove ` +
        '`manualInitialization`, and call `initialize()` again after `destroy()`.',
    );
  }
  const { master, slaves } = dataSource.driver as unknown as { master: Pool; slaves: readonly Pool[] };
  for (const pool of [master, ...slaves]) survive(pool);
  return master;
}

const surviving = new WeakSet<object>();

/**
 * pg-pool removes its own `error` listener when it hands a connection out, and TypeORM adds one later. An `error` event in between,
 * as when the server is stopped, ends the process.
 */
function survive(pool: Pool): void {
  if (surviving.has(pool)) return;
  surviving.add(pool);
  pool.on('acquire', (client) => {
    if (surviving.has(client)) return;
    surviving.add(client);
    client.on('error', () => undefined);
  });
}

/**
 * Where the drain's session leads: where the DataSource's writes do, with all of its settings, or to `directUrl`. The pool hides
 * the password from enumeration, so a copy has to name it.
 */
export function sessionTarget(dataSource: DataSource, directUrl: string | undefined): SessionTarget {
  const origin = writePoolOf(dataSource);
  const { options } = origin;
  const own = { application_name: NAME, keepAlive: true };
  if (directUrl === undefined) return { origin, config: { ...options, password: options.password, ...own } };
  return { origin, config: { connectionString: directUrl, ssl: options.ssl, ...own } };
}

/** @throws CacheError `CACHE_DATA_SOURCE`: entities of another DataSource say @EvictsTags, and no drain would look after them */
export function refuseOthers(watched: DataSource, others: readonly DataSource[]): void {
  for (const other of others) {
    const lost = other.entityMetadatas.find(
      ({ target }) => typeof target === 'function' && tagRulesOf(target).length > 0,
    );
    if (!lost) continue;
    throw new CacheError(
      'CACHE_DATA_SOURCE',
      `The entity ${lost.name} has @EvictsTags in the DataSource of ${nameOf(other)}, but only writes through the DataSource of ` +
        `${nameOf(watched)} invalidate. Move the entity there, or remove the decorator and cache nothing that is read from it.`,
    );
  }
}

/** Every DataSource of the application but `watched`. */
export function dataSourcesOf(modules: ModulesContainer, watched: DataSource): DataSource[] {
  const instances = [...modules.values()].flatMap(({ providers }) =>
    [...providers.values()].map(({ instance }) => instance),
  );
  return instances.filter((instance): instance is DataSource => instance instanceof DataSource && instance !== watched);
}

function nameOf({ options }: DataSource): string {
  const { database, schema } = options as { database?: unknown; schema?: unknown };
  const names = [database, schema].filter((name) => typeof name === 'string');
  return names.length > 0 ? `"${names.join('.')}"` : 'the application';
}
