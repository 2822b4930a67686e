import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lackOf } from '../../src/database/requirements';
import { anyDatabase } from '../support/backends';
import { slowDescribe, slowIt } from '../support/effort';
import { needs } from '../support/needs';
import { PostgresServer } from '../support/postgres-server';
import { expectSentence } from '../support/start-sentence';
import { sql } from '../support/sql';
import { type Finished, runStrata } from '../support/strata-process';

const DIST = join(__dirname, '../../dist');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-fault-'));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

const onEmbedded = (env: Record<string, string> = {}): Record<string, string> => ({
  DATA_DIR: folder,
  PORT: '0',
  ...env,
});

/** On a database that is filled already: what fails comes after it. */
async function startOnFilled(env: Record<string, string>): Promise<Finished> {
  const backend = await anyDatabase(10_000);
  try {
    return await runStrata('main.js', [], { PORT: '0', ...backend.env, ...env });
  } finally {
    await backend.dispose();
  }
}

it('a port that is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const ended = await startOnFilled({ PORT: String(port) });
  other.close();
  expectSentence(ended, new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is in use: stop .*, or set PORT`));
});

slowIt('a host that is not this machine', async () => {
  const ended = await startOnFilled({ HOST: '203.0.113.1' });
  expectSentence(ended, /203\.0\.113\.1 is no address of this machine: set HOST/);
});

it('a data folder that is a file', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const ended = await runStrata('main.js', [], onEmbedded({ DATA_DIR: file }));
  expectSentence(ended, /The data folder .*\/file is no folder: set DATA_DIR/);
});

/** A file system of its own for one process, without rights of root outside: Linux with user namespaces. */
const canMount = ((): boolean => {
  try {
    execFileSync('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

(canMount ? slowDescribe : describe.skip)('on a disk of its own', () => {
  async function runOn(mountOptions: string, before = 'true'): Promise<Finished> {
    const script = `mount -t tmpfs -o ${mountOptions} tmpfs ${folder} && ${before} && exec ${process.execPath} ${join(DIST, 'main.js')}`;
    const env = { PATH: process.env.PATH, ...onEmbedded() };
    const child = spawn('unshare', ['-Urm', 'sh', '-c', script], { env, cwd: tmpdir() });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  }

  it('a full disk at the first start', async () => {
    expectSentence(await runOn('size=3m'), /The disk that holds the data folder .* has \d MB left: free some space/);
  });

  it('a disk that fills up later', async () => {
    const seed = `${process.execPath} ${join(DIST, 'cli/seed.js')} --count 1`;
    const fill = `dd if=/dev/zero of=${folder}/ballast bs=1M count=1000 2>/dev/null`;
    const first = `${seed} && (${fill}; true)`;
    expectSentence(await runOn('size=140m', first), /The disk that holds the data folder .* has \d MB left: free some/);
  });

  it('a read-only disk', async () => {
    expectSentence(await runOn('ro'), /The data folder .* cannot be written \(EROFS\): .* set DATA_DIR/);
  });
});

describe('on a PostgreSQL server', () => {
  needs('postgres');
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
    await sql(server.url, `CREATE ROLE "the clerk" LOGIN PASSWORD 'hunter2'`);
    await sql(server.url, 'CREATE DATABASE "the clerk"');
  });
  afterAll(() => server.stop());

  const urlWith = (change: Partial<URL>): string => Object.assign(new URL(server.url), change).href;
  const start = (url: string): Promise<Finished> => runStrata('main.js', [], { DATABASE_URL: url, PORT: '0' });

  it('a wrong password', async () => {
    const ended = await start(urlWith({ password: 'hunter2' }));
    expectSentence(ended, /password authentication failed .* Check the user and the password in DATABASE_URL/);
  });

  slowIt('a database that is not there', async () => {
    expectSentence(await start(urlWith({ pathname: '/nowhere' })), /"nowhere" does not exist\. Create it/);
  });

  it('a role without rights, in the database of its name', async () => {
    const ended = await start(urlWith({ username: 'the clerk', password: 'hunter2', pathname: '' }));
    expectSentence(ended, /permission denied.*GRANT CREATE ON SCHEMA public TO "the clerk"/);
    expectSentence(ended, /GRANT CREATE ON DATABASE "the clerk" TO "the clerk"/);
  });

  it('an encoding that is not UTF8: nothing is written', async () => {
    await sql(server.url, `CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0`);
    const url = urlWith({ pathname: '/ascii' });
    expectSentence(
      await start(url),
      /its encoding is SQL_ASCII, and Strata needs UTF8: .*createdb -E UTF8 -T template0/,
    );
    expect(await sql(url, `SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace`)).toEqual([]);
  });

  it('a server of an older version', () => {
    const facts = { number: 140_013, version: '14.13', encoding: 'UTF8' };
    expect(lackOf(facts)).toBe('the server is PostgreSQL 14.13, and Strata needs 15 or later: upgrade it');
    expect(lackOf({ ...facts, number: 150_000, version: '15.0' })).toBeUndefined();
  });

  // Where `localhost` has two addresses, Node's error has no message.
  it('a server that is not there', async () => {
    const ended = await start('postgres://u:hunter2@localhost:1/shop');
    expectSentence(ended, /:1\/shop cannot be used: .*ECONNREFUSED.* or correct host and port in DATABASE_URL\.$/);
  });

  it('a direct server that is not there', async () => {
    const DATABASE_DIRECT_URL = 'postgres://u:hunter2@127.0.0.1:1/shop';
    const ended = await runStrata('main.js', [], { DATABASE_URL: server.url, DATABASE_DIRECT_URL, PORT: '0' });
    expectSentence(ended, /at 127\.0\.0\.1:1\/shop .*ECONNREFUSED.* host and port in DATABASE_DIRECT_URL\.$/);
  });

  it('a pooler that is not there, before a server that is', async () => {
    const DATABASE_URL = 'postgres://u:hunter2@127.0.0.1:1/shop';
    const ended = await runStrata('main.js', [], { DATABASE_URL, DATABASE_DIRECT_URL: server.url, PORT: '0' });
    expectSentence(ended, /at 127\.0\.0\.1:1\/shop .*ECONNREFUSED.* host and port in DATABASE_URL\.$/);
    expect(ended.output).not.toContain('Retrying');
  });

  it('sslmode in the URL of a server without TLS', async () => {
    expectSentence(
      await start(`${server.url}?sslmode=verify-full`),
      /not support SSL.* Remove sslmode from DATABASE_URL/,
    );
  });
});
