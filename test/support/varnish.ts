import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from './eventually';
import { freePort } from './redis-server';

const VCL = resolve(__dirname, '../../docker/varnish/default.vcl');

/** A real varnishd with the real VCL of docker/varnish, on loopback. */
export class Varnish {
  private process?: ChildProcess;
  private readonly folder = mkdtempSync(join(tmpdir(), 'strata-varnish-'));
  private output = '';

  private constructor(
    readonly port: number,
    private readonly nodes: readonly number[],
  ) {}

  static async start(nodes: readonly number[], port?: number): Promise<Varnish> {
    const varnish = new Varnish(port ?? (await freePort()), nodes);
    await varnish.up().catch(async (error: unknown) => {
      await varnish.stop();
      throw error;
    });
    return varnish;
  }

  /** Has the VCL compiled. @throws with what the compiler says */
  static check(): void {
    const varnish = new Varnish(8080, [3000, 3001]);
    try {
      execFileSync('varnishd', ['-j', 'none', '-C', '-n', varnish.folder, '-f', varnish.render()], { stdio: 'pipe' });
    } finally {
      rmSync(varnish.folder, { recursive: true, force: true });
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The process that answers: a child of the one that was started. */
  get pid(): number {
    return Number(execFileSync('pgrep', ['-P', String(this.process!.pid)], { encoding: 'utf8' }).split('\n')[0]);
  }

  get log(): string {
    return this.output;
  }

  async up(): Promise<void> {
    const settings = [
      'http_gzip_support=off',
      'default_ttl=0',
      'default_grace=0',
      'timeout_idle=65',
      'thread_pool_min=50',
    ];
    const address = ['-n', this.folder, '-a', `127.0.0.1:${this.port}`, '-T', 'none', '-s', 'malloc,64m'];
    const args = ['-j', 'none', '-F', ...address, '-f', this.render(), ...settings.flatMap((one) => ['-p', one])];
    this.process = spawn('varnishd', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    // It has to be compiled first.
    await eventually(() => fetch(`${this.url}/health/live`));
  }

  async down(): Promise<void> {
    const { process } = this;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((done) => process.once('close', done));
    process.kill('SIGTERM');
    await gone;
  }

  async stop(): Promise<void> {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The nodes' names and ports become this machine's. */
  private render(): string {
    const [first = 0, second = first] = this.nodes;
    const file = join(this.folder, 'default.vcl');
    const text = readFileSync(VCL, 'utf8')
      .replace(/\.host = "strata-1"; \.port = "3000"/g, `.host = "127.0.0.1"; .port = "${first}"`)
      .replace(/\.host = "strata-2"; \.port = "3000"/g, `.host = "127.0.0.1"; .port = "${second}"`)
      .replace(/^ *"strata-\d";\n/gm, '');
    writeFileSync(file, text);
    return file;
  }
}
