import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { Certificate } from './certificate';
import { untilUp } from './child';
import { findPostgres, type PostgresBinaries } from './machine/postgres-binaries';
import { needed } from './needs';
import { freePort } from './redis-server';
import { sql } from './sql';

/** A PostgreSQL of the test's own on loopback, with a password that no other user of the machine knows. */
export class PostgresServer {
  private process?: ChildProcess;
  private constructor(
    private readonly folder: string,
    private readonly binaries: PostgresBinaries,
    readonly port: number,
    private readonly settings: Readonly<Record<string, string>>,
    private readonly password = randomBytes(12).toString('hex'),
  ) {}

  /** @param settings as in postgresql.conf @param certificate with it the server speaks TLS as well */
  static async start(settings: Record<string, string> = {}, certificate?: Certificate): Promise<PostgresServer> {
    needed('postgres');
    const binaries = findPostgres();
    if (!binaries) throw new Error('There is no PostgreSQL on this machine');
    const folder = mkdtempSync(join(tmpdir(), 'strata-postgres-'));
    own(folder, binaries);
    const tls = certificate ? tlsSettings(certificate, folder, binaries) : {};
    const server = new PostgresServer(folder, binaries, await freePort(), { ...settings, ...tls });
    try {
      await server.initialise();
      await server.up();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /**
   * A streaming standby of this server, on its own port, which answers reads.
   * @param through the port by which it reaches this server, where that is not the server's own
   */
  async standby(through = this.port): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'strata-standby-'));
    own(folder, this.binaries);
    const standby = new PostgresServer(folder, this.binaries, await freePort(), this.settings, this.password);
    const from = new URL(this.url);
    from.port = String(through);
    try {
      await this.copyTo(standby.data);
      const settings = `\nprimary_conninfo = '${conninfo(from)}'\n`;
      appendFileSync(join(standby.data, 'postgresql.auto.conf'), settings);
      writeFileSync(join(standby.data, 'standby.signal'), '');
      for (const name of readdirSync(folder, { recursive: true }) as string[]) own(join(folder, name), this.binaries);
      await standby.up();
      return standby;
    } catch (error) {
      await standby.stop();
      throw error;
    }
  }

  /** What pg_basebackup does, which npm's PostgreSQL lacks: https://www.postgresql.org/docs/current/continuous-archiving.html */
  private async copyTo(target: string): Promise<void> {
    const session = new Client({ connectionString: this.url });
    await session.connect();
    try {
      await session.query("SELECT pg_backup_start('standby', true)");
      const own = [join(this.data, 'postmaster.pid'), join(this.data, 'postmaster.opts')];
      // The standby streams the log itself.
      const isCopied = (path: string): boolean => !own.includes(path) && dirname(path) !== join(this.data, 'pg_wal');
      cpSync(this.data, target, { recursive: true, filter: isCopied });
      const { rows } = await session.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
      mkdirSync(join(target, 'pg_wal/archive_status'), { recursive: true });
      writeFileSync(join(target, 'backup_label'), rows[0]!.labelfile);
      chmodSync(target, 0o700);
    } finally {
      await session.end();
    }
  }

  get url(): string {
    return `postgres://postgres:${this.password}@127.0.0.1:${this.port}/postgres`;
  }

  get pid(): number {
    return this.process!.pid!;
  }

  /** Starts it (again) on the same port and waits until it answers. */
  async up(): Promise<void> {
    const settings = {
      port: String(this.port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '300',
      // Its data end with the test.
      fsync: 'off',
      full_page_writes: 'off',
      ...this.settings,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.process = spawn(this.program('postgres'), ['-D', this.data, ...args], {
      ...this.binaries.user,
      stdio: 'pipe',
      cwd: '/',
    });
    await untilUp(this.process, () => sql(this.url, 'SELECT 1'));
  }

  /** SIGQUIT: it ends at once, and recovers when it is started again. */
  async kill(): Promise<void> {
    const { process } = this;
    if (!process?.pid || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGQUIT');
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    this.discard();
  }

  /** For the end of a process, which waits for nothing. */
  discard(): void {
    this.process?.kill('SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private async initialise(): Promise<void> {
    const secret = join(this.folder, 'password');
    writeFileSync(secret, this.password, { mode: 0o600 });
    own(secret, this.binaries);
    const how = [
      '-U',
      'postgres',
      '--auth',
      'password',
      `--pwfile=${secret}`,
      '--no-sync',
      '--no-locale',
      '-E',
      'UTF8',
    ];
    await promisify(execFile)(this.program('initdb'), ['-D', this.data, ...how], { ...this.binaries.user, cwd: '/' });
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  private program(name: string): string {
    return join(this.binaries.folder, name);
  }
}

/** Copies: PostgreSQL takes a key that is its own user's alone. */
function tlsSettings(from: Certificate, folder: string, binaries: PostgresBinaries): Record<string, string> {
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  for (const [source, target] of [
    [from.certificate, certificate],
    [from.key, key],
  ] as const) {
    writeFileSync(target, readFileSync(source), { mode: 0o600 });
    own(target, binaries);
  }
  return { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key };
}

/** As libpq's keywords. */
function conninfo({ hostname, port, username, password }: URL): string {
  return `host=${hostname} port=${port} user=${username} password=${password}`;
}

function own(path: string, { user: { uid, gid } }: PostgresBinaries): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}
