import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../src/config';
import { needs } from '../support/needs';
import { PostgresServer } from '../support/postgres-server';
import { sql } from '../support/sql';
import { runStrata } from '../support/strata-process';

/** All start as they must. */
const POSTGRES_URLS: [url: string, reason: RegExp | undefined][] = [
  ['postgres://u:hunter#2@h/db', /write \/, \? and # in the user or password as %2F, %3F and %23$/],
  ['postgres://u:12#hunter2@h/db', /as %2F, %3F and %23$/],
  ['postgres://u:hunter/2@h/db', /as %2F, %3F and %23$/],
  ['postgres://u:12/hunter2@h/db', /as %2F, %3F and %23$/],
  ['postgres://u:hunter?2@h/db', /as %2F, %3F and %23$/],
  ['postgres://u:12?hunter2@h/db', /as %2F, %3F and %23$/],
  ['postgres://u:hunter2%zz@h/db', /write % in the user or password as %25$/],
  ['postgres://u:hunter2%@h/db', /write % in the user or password as %25$/],
  ['postgres://u:hunter2%ff@h/db', /percent-encoding is not UTF-8$/],
  ['postgres://u:hunter 2@h/db', /write white space in it as %20$/],
  ['postgres://u:hunter2@h1:5432,h2:5432/db', /several hosts/],
  ['postgres://h1,h2/db', /several hosts/],
  ['postgres://u:hunter2@/db', /names no host/],
  ['postgres:///db', /names no host/],
  ['postgres://u:hunter2@h:port/db', /host or port is malformed$/],
  ['postgres://u:hunter2@h:99999/db', /host or port is malformed$/],
  ['postgres://u:hunter2@h|x/db', /host or port is malformed$/],
  ['postgres://u:a:b@c<d>e%41@h:5432/db?user=me@server&sslmode=disable', undefined],
  ['postgres://u@[::1]:5432/db', undefined],
  ['postgres:///strata?host=/var/run/postgresql', undefined],
  ['postgres://u:p@/db?host=/cloudsql/project:region:instance', undefined],
  ['postgres://u@%2Fvar%2Frun%2Fpostgresql/db', undefined],
];

it.each(POSTGRES_URLS)('DATABASE_URL %s: the message has its own reason %s', (url, reason) => {
  for (const name of ['DATABASE_URL', 'DATABASE_DIRECT_URL']) {
    const message = problem({ [name]: url });
    if (!reason) {
      expect(message).toBe('');
      continue;
    }
    expect(message).toMatch(
      /^DATABASE_(DIRECT_)?URL must be a URL such as postgres:\/\/user:password@host:5432\/name: /,
    );
    expect(message).toMatch(reason);
    expect(message).not.toContain('hunter');
  }
});

function problem(env: Record<string, string>): string {
  try {
    loadConfig(env);
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join();
    throw error;
  }
}

describe('on a PostgreSQL server', () => {
  needs('postgres');
  const password = "a:b@c<d>'%&=";
  let folder: string;
  let server: PostgresServer;
  let user: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'strata-socket-'));
    chmodSync(folder, 0o777);
    server = await PostgresServer.start({ unix_socket_directories: folder });
    await sql(server.url, `CREATE ROLE shop SUPERUSER LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
    user = `shop:${password.replace('%', '%25')}`;
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each<[string, () => string]>([
    ['a host, and a password with characters that need no encoding', () => `${user}@127.0.0.1:${server.port}/postgres`],
    ['a socket by its folder', () => `${user}@/postgres?host=${folder}&port=${server.port}`],
    [
      'a socket and user as options',
      () => `/postgres?host=${folder}&port=${server.port}&user=shop&password=${encodeURIComponent(password)}`,
    ],
    ['a socket as the host', () => `${user}@${encodeURIComponent(folder)}/postgres?port=${server.port}`],
  ])('%s', async (_what, rest) => {
    const seeded = await runStrata('cli/seed.js', ['--count', '1'], { DATABASE_URL: `postgres://${rest()}` });
    expect(seeded).toMatchObject({ code: 0 });
  });
});
