import { DataSource } from 'typeorm';
import { databaseFault, dataSourceOptions, DatabaseServer } from '../../src/database';
import { type Backend, postgresAlone } from '../support/backends';
import { eventually } from '../support/eventually';
import { needs } from '../support/needs';
import { sql } from '../support/sql';
import { TcpProxy } from '../support/tcp-proxy';

needs('postgres');

let backend: Backend;
let wire: TcpProxy;
let database: DataSource;

beforeAll(async () => {
  backend = await postgresAlone();
  const url = new URL(backend.env.DATABASE_URL!);
  wire = await TcpProxy.to(Number(url.port));
  url.port = String(wire.port);
  const server = await DatabaseServer.start({ url: url.href, dataDir: '' });
  const options = dataSourceOptions(server) as { extra: object };
  const extra = { ...options.extra, query_timeout: 1_000 };
  database = await new DataSource({
    ...options,
    extra,
    type: 'postgres',
    logging: false,
    poolErrorHandler: () => undefined,
  }).initialize();
});

afterAll(async () => {
  await database.destroy();
  await wire.close();
  await backend.dispose();
});

const fault = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => databaseFault(error) ?? error,
  );
const sleepAll = (seconds: number): Promise<unknown[]> =>
  Promise.all(Array.from({ length: 10 }, () => database.query(`SELECT pg_sleep(${seconds})`)));

it('half-open connections leave the pool after one deadline: the next requests get new ones', async () => {
  await sleepAll(0.05);
  wire.silence();
  expect(await fault(database.query('SELECT 1'))).toBe('unavailable');
  for (let n = 0; n < 20; n += 1) expect(await database.query('SELECT 2 AS two')).toEqual([{ two: 2 }]);
});

it('a query that waits behind a silent connection is not given its response', async () => {
  await sleepAll(0.05);
  wire.silence();
  const faults = await Promise.all(Array.from({ length: 10 }, () => fault(database.query('SELECT 1'))));
  expect(faults).toEqual(faults.map(() => 'unavailable'));
  await sleepAll(0.05);
});

it('connections to a server that became read-only leave the pool at the first write: the next one gets through', async () => {
  await database.query('CREATE TABLE IF NOT EXISTS written (n int)');
  const runners = Array.from({ length: 10 }, () => database.createQueryRunner());
  await Promise.all(runners.map((runner) => runner.query('SET default_transaction_read_only = on')));
  await Promise.all(runners.map((runner) => runner.release()));
  const insert = (): Promise<unknown> => database.query('INSERT INTO written VALUES (1)');
  expect(await fault(insert())).toBe('unavailable');
  for (let n = 0; n < 10; n += 1) expect(await fault(insert())).toBe('no error');
});

it('a transaction that is open elsewhere is not cut with the idle ones', async () => {
  const runner = database.createQueryRunner();
  wire.silence();
  const lost = fault(database.query('SELECT 1'));
  wire.cut();
  await lost;
  await runner.startTransaction();
  await sleepAll(0.01);
  expect(await runner.query('SELECT 3 AS three')).toEqual([{ three: 3 }]);
  await runner.rollbackTransaction();
  await runner.release();
});

it('connections that end while a transaction is between two statements: the caller learns that the database is unavailable', async () => {
  const runner = database.createQueryRunner();
  await runner.startTransaction();
  const [{ pid }] = (await runner.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
  await sql(backend.env.DATABASE_URL!, 'SELECT pg_terminate_backend($1)', [pid]);
  await eventually(() => Promise.resolve(runner.isReleased));
  expect(await fault(runner.query('SELECT 1'))).toBe('unavailable');
  expect(await fault(runner.commitTransaction())).toBe('unavailable');
});

it('connections that are ended again and again, idle and busy: each query ends, and no error is left without a listener', async () => {
  const stray: unknown[] = [];
  const note = (error: unknown): void => void stray.push(error);
  process.on('uncaughtExceptionMonitor', note);
  const seen = new Set<unknown>();
  for (let round = 0; round < 20; round += 1) {
    const queries = Array.from({ length: 12 }, () => fault(database.query('SELECT pg_sleep(0.01)')));
    await sql(
      backend.env.DATABASE_URL!,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'strata' AND datname = current_database()`,
    );
    for (const outcome of await Promise.all(queries)) seen.add(outcome);
  }
  process.off('uncaughtExceptionMonitor', note);
  expect(stray).toEqual([]);
  for (const outcome of seen) expect(['no error', 'unavailable']).toContain(outcome);
  await eventually(async () => (await fault(database.query('SELECT 4'))) === 'no error');
});
