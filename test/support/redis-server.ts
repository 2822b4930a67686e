import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import { untilUp } from './child';
import { findCommand } from './machine/programs';
import { needed } from './needs';

/** A redis-server process of the test's own: to be killed, frozen and emptied without harm to anybody. */
export class RedisServer {
  private process?: ChildProcess;
  private directory?: string;

  private constructor(
    readonly port: number,
    private readonly args: string[],
  ) {}

  static async start(...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args);
    await server.up();
    return server;
  }

  /** A sentinel that watches `master` on `masterPort`; one vote is enough for a failover. */
  static async sentinel(master: string, masterPort: number): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), []);
    server.directory = await mkdtemp(join(tmpdir(), 'strata-sentinel-'));
    const config = join(server.directory, 'sentinel.conf');
    await writeFile(config, `sentinel monitor ${master} 127.0.0.1 ${masterPort} 1\n`);
    server.args.push(config, '--sentinel');
    await server.up();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it (again) on the same port and waits until it answers. */
  async up(): Promise<void> {
    needed('redis-server');
    this.directory ??= await mkdtemp(join(tmpdir(), 'strata-redis-'));
    const common = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.directory];
    const volatile = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'];
    const isSentinel = this.args.includes('--sentinel');
    const args = isSentinel ? [...this.args, ...common] : [...common, ...volatile, ...this.args];
    this.process = spawn(findCommand('redis-server') ?? 'redis-server', args, { stdio: 'pipe' });
    await untilUp(this.process, () => this.command('PING')).catch(async (error: Error) => {
      await this.stop();
      throw error;
    });
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
    const options = { ...once, enableReadyCheck: false, connectTimeout: 1_000 };
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
