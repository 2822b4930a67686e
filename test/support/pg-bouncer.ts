import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilUp } from './child';
import { findCommand } from './machine/programs';
import { needed } from './needs';
import { freePort } from './redis-server';
import { sql } from './sql';

/** A PgBouncer of the test's own on loopback, before one database. */
export class PgBouncer {
  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    /** Where its clients connect to. */
    readonly url: string,
  ) {}

  /** @param database URL of the database behind it */
  static async start(database: string, mode: 'transaction' | 'session'): Promise<PgBouncer> {
    needed('pgbouncer');
    const target = new URL(database);
    const url = new URL(database);
    url.port = String(await freePort());
    const folder = mkdtempSync(join(tmpdir(), 'strata-pgbouncer-'));
    chmodSync(folder, 0o755);
    const config = join(folder, 'pgbouncer.ini');
    const user = target.username;
    const password = decodeURIComponent(target.password);
    writeFileSync(join(folder, 'users.txt'), `"${user}" "${password}"\n`);
    writeFileSync(
      config,
      `[databases]
* = host=${target.hostname} port=${target.port || '5432'} user=${user} password=${password || 'none'}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${url.port}
unix_socket_dir =
auth_type = any
auth_file = ${join(folder, 'users.txt')}
pool_mode = ${mode}
default_pool_size = 20
server_login_retry = 1
`,
    );
    const root = process.getuid?.() === 0;
    const child = spawn(findCommand('pgbouncer')!, ['-q', ...(root ? ['-u', 'postgres'] : []), config], {
      stdio: 'pipe',
    });
    await untilUp(child, () => sql(url.href, 'SELECT 1'));
    return new PgBouncer(folder, child, url.href);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGQUIT');
    await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
