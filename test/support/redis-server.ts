import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import type { Certificate } from './certificate';
import { untilUp } from './child';
import { eventually } from './eventually';
import { findCommand } from './machine/programs';
import { needed } from './needs';

/** A redis-server process of the test's own: to be killed, frozen and emptied without harm to anybody. */
export class RedisServer {
  private process?: ChildProcess;
  private directory?: string;

  private constructor(
    readonly port: number,
    private readonly args: string[],
    private readonly certificate?: Certificate,
  ) {}

  static start(...args: string[]): Promise<RedisServer> {
    return RedisServer.secured(undefined, ...args);
  }

  /** Speaks TLS, and nothing else. */
  static async secured(certificate: Certificate | undefined, ...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args, certificate);
    await server.up();
    return server;
  }

  /** A replica that has what `master` has. A sentinel started now knows it at once; of a later one it learns after ten seconds. */
  static async replicaOf(master: RedisServer): Promise<RedisServer> {
    const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(master.port));
    await eventually(async () => (await replica.command<string>('INFO', 'replication')).includes('link_status:up'));
    return replica;
  }

  /** A sentinel that watches `master` on `masterPort`; one vote is enough for a failover, a second of silence for a death. */
  static async sentinel(master: string, masterPort: number, certificate?: Certificate): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), [], certificate);
    server.directory = await mkdtemp(join(tmpdir(), 'strata-sentinel-'));
    const config = join(server.directory, 'sentinel.conf');
    const settings = [
      `sentinel monitor ${master} 127.0.0.1 ${masterPort} 1`,
      `sentinel down-after-milliseconds ${master} 1000`,
      `sentinel failover-timeout ${master} 5000`,
    ];
    await writeFile(config, `${settings.join('\n')}\n`);
    server.args.push(config, '--sentinel');
    await server.up();
    return server;
  }

  get url(): string {
    return `${this.certificate ? 'rediss' : 'redis'}://127.0.0.1:${this.port}`;
  }

  /** Starts it (again) on the same port and waits until it answers. @param once more arguments, for this start */
  async up(...once: string[]): Promise<void> {
    needed('redis-server');
    this.directory ??= await mkdtemp(join(tmpdir(), 'strata-redis-'));
    const common = [...this.listenOn(), '--bind', '127.0.0.1', '--dir', this.directory];
    const volatile = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'];
    const isSentinel = this.args.includes('--sentinel');
    const args = isSentinel ? [...this.args, ...common] : [...common, ...volatile, ...this.args, ...once];
    this.process = spawn(findCommand('redis-server') ?? 'redis-server', args, { stdio: 'pipe' });
    await untilUp(this.process, () => this.command('PING')).catch(async (error: Error) => {
      await this.stop();
      throw error;
    });
  }

  private listenOn(): string[] {
    if (!this.certificate) return ['--port', String(this.port)];
    const { certificate, key } = this.certificate;
    const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate];
    return [
      '--port',
      '0',
      '--tls-port',
      String(this.port),
      ...files,
      '--tls-auth-clients',
      'no',
      '--tls-replication',
      'yes',
    ];
  }

  /** SIGKILL: no goodbye, nothing saved. */
  async kill(): Promise<void> {
    const { process } = this;
    if (!process?.pid || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGKILL');
    await gone;
  }

  freeze(): void {
    this.process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.process?.kill('SIGCONT');
  }

  /** One command on a connection of its own. */
  async command<T = unknown>(...args: string[]): Promise<T> {
    // A client that could not connect would hold the process for `disconnectTimeout`.
    const once = { lazyConnect: true, retryStrategy: () => null, disconnectTimeout: 1 };
    const tls = this.certificate && { ca: readFileSync(this.certificate.certificate) };
    const options = { ...once, tls, enableReadyCheck: false, connectTimeout: 1_000 };
    const client = new Redis(this.url, options);
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.call(args[0]!, args.slice(1))) as T;
    } finally {
      client.disconnect();
    }
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.kill();
    this.discard();
  }

  /** For the end of a process, which waits for nothing. */
  discard(): void {
    this.process?.kill('SIGKILL');
    if (this.directory) rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A free port below the ephemeral range (32768), whose cluster bus port (+10000) is free as well. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 9_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
