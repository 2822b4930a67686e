import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { changed, type Changes, EdgeServer } from './edge-server';
import { findCommand } from './machine/programs';
import { needed } from './needs';
import { freePort } from './redis-server';

const TEMPLATES = resolve(__dirname, '../../docker/nginx/templates');

/** A real nginx with the real templates of docker/nginx, on loopback. */
export class Nginx extends EdgeServer {
  private constructor(
    port: number,
    private readonly nodes: readonly number[],
    private readonly changes?: Changes,
    private readonly snippet = '',
  ) {
    super(port);
  }

  /** @param snippet in the folder NGINX_SNIPPETS */
  static async start(nodes: readonly number[], port?: number, changes?: Changes, snippet?: string): Promise<Nginx> {
    const nginx = new Nginx(port ?? (await freePort()), nodes, changes, snippet);
    nginx.render();
    return nginx.up();
  }

  /** What `nginx -t` says of the rendered template. @throws when it finds fault */
  static check(): string {
    const nginx = new Nginx(8080, [3000, 3001]);
    nginx.render();
    try {
      return execFileSync(nginx.program(), ['-t', ...nginx.args()], {
        stdio: ['ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
      });
    } finally {
      nginx.discard();
    }
  }

  get pid(): number {
    return this.process!.pid!;
  }

  /** The process that answers: a child of the one that was started. */
  get worker(): number {
    return Number(execFileSync('pgrep', ['-P', String(this.pid)], { encoding: 'utf8' }).split('\n')[0]);
  }

  /** What it has written to its error log. */
  get log(): string {
    return readFileSync(join(this.folder, 'error.log'), 'utf8');
  }

  protected launch(): ChildProcess {
    return spawn(this.program(), this.args(), { stdio: 'pipe' });
  }

  private program(): string {
    needed('nginx');
    return findCommand('nginx') ?? 'nginx';
  }

  private args(): string[] {
    return ['-p', this.folder, '-c', join(this.folder, 'nginx.conf'), '-e', join(this.folder, 'error.log')];
  }

  private render(): void {
    const { nodes } = this;
    for (const name of ['conf.d', 'snippets', 'cache', 'temp']) mkdirSync(join(this.folder, name));
    const env: Record<string, string> = {
      NGINX_NODES: nodes.map((node) => `server 127.0.0.1:${node} max_fails=3 fail_timeout=2s;`).join(' '),
      NGINX_LISTEN: `127.0.0.1:${this.port}`,
      NGINX_CACHE: join(this.folder, 'cache'),
      NGINX_SNIPPETS: join(this.folder, 'snippets'),
    };
    writeFileSync(join(this.folder, 'conf.d/default.conf'), changed(substitute(env), this.changes));
    writeFileSync(join(this.folder, 'snippets/own.conf'), this.snippet);
    writeFileSync(join(this.folder, 'nginx.conf'), main(this.folder));
  }
}

/** As the image does it with all templates: envsubst, with the names that are set and no others. */
function substitute(env: Record<string, string>): string {
  const names = Object.keys(env).map((name) => `\${${name}}`);
  const files = readdirSync(TEMPLATES).sort();
  return execFileSync('envsubst', [names.join(' ')], {
    input: files.map((file) => readFileSync(join(TEMPLATES, file), 'utf8')).join('\n'),
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });
}

/** What the image's own nginx.conf says, with every path in a folder of the test's own. */
function main(folder: string): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/temp/${name};`,
  );
  return `
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 1;
    worker_rlimit_nofile 8192;
    pid ${folder}/nginx.pid;
    events { worker_connections 4096; }
    http {
      access_log off;
      sendfile on;
      keepalive_timeout 65;
      ${temp.join('\n')}
      include ${folder}/conf.d/*.conf;
    }`;
}
