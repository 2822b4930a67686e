import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { sessionTarget } from '../../../src/caching/write/drain/data-source';
import { type Certificate, selfSigned } from '../../support/certificate';
import { needs } from '../../support/needs';
import { PostgresServer } from '../../support/postgres-server';

needs('postgres', 'openssl');

let certificate: Certificate;
let server: PostgresServer;
let source: DataSource | undefined;

beforeAll(async () => {
  certificate = selfSigned();
  server = await PostgresServer.start({}, certificate);
});
afterEach(() => (source?.isInitialized ? source.destroy() : undefined));
afterAll(async () => {
  await server.stop();
  certificate.dispose();
});

/** Whether the drain's own connection is encrypted, by the server's word. */
async function isEncrypted(options: Partial<DataSourceOptions>, directUrl?: string): Promise<boolean> {
  source = await new DataSource({ type: 'postgres', ...options } as DataSourceOptions).initialize();
  const client = new Client(sessionTarget(source, directUrl).config);
  await client.connect();
  const sql = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
  const { rows } = await client.query<{ ssl: boolean }>(sql).finally(() => client.end());
  return rows[0]!.ssl;
}

const byHost = (): Record<string, unknown> => {
  const { hostname, port, username, password, pathname } = new URL(server.url);
  return { host: hostname, port: Number(port), username, password, database: pathname.slice(1) };
};
const trusting = (): object => ({ ca: readFileSync(certificate.certificate) });

it.each<[string, () => Partial<DataSourceOptions>, boolean]>([
  ['TLS with an authority of its own', () => ({ ...byHost(), ssl: trusting() }), true],
  ['TLS by URL and option', () => ({ url: server.url, ssl: trusting() }), true],
  ['TLS by the URL alone', () => ({ url: `${server.url}?sslmode=require&uselibpqcompat=true` }), true],
  ['no TLS', () => byHost(), false],
  ['a password that a function returns', () => ({ ...byHost(), password: () => String(byHost().password) }), false],
  [
    'a password that a function fetches, over TLS',
    () => ({ ...byHost(), ssl: trusting(), password: () => Promise.resolve(String(byHost().password)) }),
    true,
  ],
])('%s: the drain connects as writers do', async (_what, options, isTls) => {
  expect(await isEncrypted(options())).toBe(isTls);
});

it('a direct URL takes the TLS settings of the data source', async () => {
  expect(await isEncrypted({ ...byHost(), ssl: trusting() }, server.url)).toBe(true);
});

it('a certificate that nothing vouches for is refused', async () => {
  const options = { ...byHost(), ssl: true };
  await expect(isEncrypted(options)).rejects.toThrow(/self-signed/);
});
