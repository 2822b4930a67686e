import { DataSource, DataSourceOptions } from 'typeorm';
import { PooledClient } from './pooled-client';
import { DatabaseServer } from './server';

/** Milliseconds that a caller waits for a free connection, and a query for its result: a database that hangs becomes an error. */
const CONNECT_TIMEOUT = 5_000;
const QUERY_TIMEOUT = 15_000;
/** The server ends a statement itself before that, and a wait for a row sooner: else a few writers to one row would hold the whole pool. */
const STATEMENT_TIMEOUT = 12_000;
const LOCK_TIMEOUT = 2_000;

/**
 * PGlite has one session that all its connections share: a second connection inside a transaction would wait for ever. A pool
 * of one makes callers queue instead, and a mistake ends in a clear time-out.
 */
export function dataSourceOptions(server: DatabaseServer, url = server.url): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    applicationName: 'strata',
    poolSize: server.isEmbedded ? 1 : 10,
    connectTimeoutMS: CONNECT_TIMEOUT,
    extra: {
      Client: PooledClient,
      query_timeout: QUERY_TIMEOUT,
      // In PGlite nothing waits for another's locks, and a deadline of its own that passes between two messages can end its only session.
      ...(server.isEmbedded || server.isPooled
        ? {}
        : { statement_timeout: STATEMENT_TIMEOUT, lock_timeout: LOCK_TIMEOUT }),
      keepAlive: true,
    },
  };
}

/** The application's migrations, in the order they run. */
export type Migrations = NonNullable<DataSourceOptions['migrations']>;

/** For work that takes as long as it takes, such as a seed or a migration. */
export function optionsWithoutLimits(server: DatabaseServer, migrations: Migrations): DataSourceOptions {
  return {
    ...dataSourceOptions(server, server.directUrl),
    migrations,
    extra: { Client: PooledClient, keepAlive: true },
  };
}

/** Connects with these options. */
export function connectWithoutLimits(server: DatabaseServer, migrations: Migrations): Promise<DataSource> {
  return new DataSource(optionsWithoutLimits(server, migrations)).initialize();
}
