import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { changed, type Changes, EdgeServer } from './edge-server';
import { findCommand } from './machine/programs';
import { needed } from './needs';
import { freePort } from './redis-server';

const DOCKER = resolve(__dirname, '../../docker');
const VCL = join(DOCKER, 'varnish/default.vcl');
/** To optimise the VCL takes a second, and no test lives long enough to gain by it. */
const COMPILER = 'exec cc -O0 -fpic -shared -o %o %s';

/** A real varnishd with the real VCL of docker/varnish, on loopback. */
export class Varnish extends EdgeServer {
  private output = '';

  private constructor(
    port: number,
    private readonly nodes: readonly number[],
    private readonly changes?: Changes,
  ) {
    super(port);
  }

  static async start(nodes: readonly number[], port?: number, changes?: Changes): Promise<Varnish> {
    return new Varnish(port ?? (await freePort()), nodes, changes).up();
  }

  /** Has the VCL compiled. @throws with what the compiler says */
  static check(): void {
    const varnish = new Varnish(8080, [3000, 3001]);
    try {
      execFileSync(program(), ['-j', 'none', '-C', '-n', varnish.folder, '-f', varnish.render()], { stdio: 'pipe' });
    } finally {
      varnish.discard();
    }
  }

  /** The process that answers: a child of the one that was started. */
  get pid(): number {
    return Number(execFileSync('pgrep', ['-P', String(this.process!.pid)], { encoding: 'utf8' }).split('\n')[0]);
  }

  get log(): string {
    return this.output;
  }

  protected launch(): ChildProcess {
    const settings = [...parameters(), 'thread_pool_min=50', `cc_command=${COMPILER}`];
    const address = ['-n', this.folder, '-a', `127.0.0.1:${this.port}`, '-T', 'none', '-s', 'malloc,64m'];
    const args = ['-j', 'none', '-F', ...address, '-f', this.render(), ...settings.flatMap((one) => ['-p', one])];
    const varnishd = spawn(program(), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [varnishd.stdout, varnishd.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    return varnishd;
  }

  /** The nodes' names and ports become this machine's. */
  private render(): string {
    const [first = 0, second = first] = this.nodes;
    const file = join(this.folder, 'default.vcl');
    const text = changed(readFileSync(VCL, 'utf8'), this.changes)
      .replace(/\.host = "strata-1"; \.port = "3000"/g, `.host = "127.0.0.1"; .port = "${first}"`)
      .replace(/\.host = "strata-2"; \.port = "3000"/g, `.host = "127.0.0.1"; .port = "${second}"`)
      .replace(/^ *"strata-\d";\n/gm, '');
    writeFileSync(file, text);
    return file;
  }
}

/** What compose.yaml has varnishd started with. */
function parameters(): string[] {
  const { services } = parse(readFileSync(join(DOCKER, 'compose.yaml'), 'utf8'), { merge: true }) as Compose;
  return services.varnish.command.filter((word) => word !== '-p');
}

interface Compose {
  services: { varnish: { command: string[] } };
}

function program(): string {
  needed('varnish');
  return findCommand('varnishd') ?? 'varnishd';
}
