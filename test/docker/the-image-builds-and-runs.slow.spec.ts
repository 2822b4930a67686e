import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { embedded } from '../support/backends';
import { send } from '../support/client';
import { eventually } from '../support/eventually';
import { JWT_SECRET } from '../support/strata-process';
import { freePort } from '../support/redis-server';
import { readDockerfile, type Instruction, type Stage } from './dockerfile';

const root = mkdtempSync(join(tmpdir(), 'strata-image-'));
const stages = readDockerfile('docker/Dockerfile');
const final = stages.at(-1)!;
let image: Image;
let running: ChildProcess | undefined;

/** What one stage makes: a folder in the place of its file system, and what its instructions say of it. */
interface Image {
  folder: string;
  env: Record<string, string>;
  workdir: string;
  user: string | undefined;
  cmd: string[];
  healthcheck: string[];
}

/** No engine here, so each step runs as it is written, with a folder for the file system. */
function build(stage: Stage, built: Map<string, Image>): Image {
  const folder = join(root, stage.name ?? 'final');
  mkdirSync(folder);
  const made: Image = { folder, env: {}, workdir: '/', user: undefined, cmd: [], healthcheck: [] };
  for (const step of stage.steps) take(step, made, built);
  return made;
}

function take({ word, rest }: Instruction, made: Image, built: Map<string, Image>): void {
  const cwd = join(made.folder, made.workdir);
  switch (word) {
    case 'WORKDIR':
      made.workdir = rest;
      return void mkdirSync(join(made.folder, rest), { recursive: true });
    case 'ENV':
      for (const [, name, value] of rest.matchAll(/(\w+)=(\S+)/g)) made.env[name!] = value!;
      return;
    case 'COPY':
      return copy(rest, cwd, built);
    case 'RUN':
      // Not the owner: the user of the image is not one of this machine.
      execFileSync('bash', ['-ec', rest.replace(/&& chown \S+ \S+/, '')], { cwd, stdio: 'pipe', env: clean(made.env) });
      return;
    case 'USER':
      return void (made.user = rest);
    case 'CMD':
      return void (made.cmd = JSON.parse(rest) as string[]);
    case 'HEALTHCHECK':
      return void (made.healthcheck = JSON.parse(rest.slice(rest.indexOf('CMD ') + 4)) as string[]);
    case 'EXPOSE':
      return;
    default:
      throw new Error(`this test does not know ${word}`);
  }
}

function copy(rest: string, cwd: string, built: Map<string, Image>): void {
  const [, from] = /--from=(\S+)/.exec(rest) ?? [];
  const paths = rest.split(/\s+/).filter((word) => !word.startsWith('--'));
  const target = paths.pop()!;
  for (const path of paths) {
    const source = from === undefined ? resolve(path) : join(built.get(from)!.folder, path);
    if (from === undefined && !isSent(path)) throw new Error(`.dockerignore keeps ${path} out`);
    const to = target.endsWith('/') ? join(cwd, target, path.split('/').at(-1)!) : join(cwd, target);
    cpSync(source, to, { recursive: true, verbatimSymlinks: true });
  }
}

/** The builder gets what .dockerignore lets through: everything is kept out, some names are let in. */
function isSent(path: string): boolean {
  const rules = readFileSync('.dockerignore', 'utf8').split('\n');
  return rules.includes('*') && rules.includes(`!${relative('.', path)}`);
}

function clean(env: Record<string, string>): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/root', ...env };
}

beforeAll(() => {
  const built = new Map<string, Image>();
  for (const stage of stages) {
    image = build(stage, built);
    if (stage.name !== undefined) built.set(stage.name, image);
  }
}, 900_000);

afterAll(async () => {
  if (running && running.exitCode === null) {
    const gone = once(running, 'close');
    running.kill('SIGTERM');
    await gone;
  }
  rmSync(root, { recursive: true, force: true });
});

it('leaves the sources and the tools behind', () => {
  const app = join(image.folder, image.workdir);
  expect(existsSync(join(app, 'dist/main.js'))).toBe(true);
  const absent = ['src', 'test', 'node_modules/typescript', 'node_modules/jest', 'node_modules/eslint', '.env'];
  expect(absent.filter((path) => existsSync(join(app, path)))).toEqual([]);
});

it('is not root', () => {
  expect(image.user).toBe('node');
  expect(final.steps.findIndex(({ word }) => word === 'USER')).toBeLessThan(
    final.steps.findIndex(({ word }) => word === 'CMD'),
  );
});

/** What docker/README.md runs in a container for a token. */
function tokenCommand(): string {
  const readme = readFileSync('docker/README.md', 'utf8');
  return /^docker compose exec strata-1 (node \S*token\.js [^#\n]*)/m.exec(readme)![1]!;
}

it('starts with its CMD, is healthy by its HEALTHCHECK, and ends on SIGTERM', async () => {
  const data = await embedded();
  const port = String(await freePort());
  const env = clean({ ...image.env, ...data.env, HOST: '127.0.0.1', PORT: port, JWT_SECRET });
  const cwd = join(image.folder, image.workdir);
  const health = (): void => {
    const [command, ...args] = image.healthcheck;
    execFileSync(command!, args, { cwd, env, stdio: 'pipe' });
  };
  // Nobody listens: not healthy.
  expect(health).toThrow();
  const [command, ...args] = image.cmd;
  running = spawn(command!, args, { cwd, env, stdio: 'ignore' });
  await eventually(health, 120_000);
  expect((await fetch(`http://127.0.0.1:${port}/api/products?page=1`)).status).toBe(200);
  const commands = [tokenCommand(), 'npm run --silent token -- --sub alice --role editor'];
  for (const line of commands) {
    const token = execFileSync('bash', ['-c', line], { cwd, env, encoding: 'utf8' }).trim();
    const written = await send(`http://127.0.0.1:${port}`, '/api/products/1', {
      method: 'PATCH',
      token,
      json: { stock: 1 },
    });
    expect([line, written.status]).toEqual([line, 200]);
  }
  const gone = once(running, 'close');
  running.kill('SIGTERM');
  expect(await gone).toEqual([0, null]);
  await data.dispose();
});

it('holds no package that the service does not use, and of the kept ones no source maps and types', () => {
  const modules = join(image.folder, image.workdir, 'node_modules');
  const unused = ['express', 'multer', '@nestjs/platform-express', 'body-parser', 'typescript', '@swc/core'];
  expect(unused.filter((name) => existsSync(join(modules, name)))).toEqual([]);
  const files = readdirSync(modules, { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => /\.(map|d\.[cm]?ts)$/.test(file))).toEqual([]);
  const extensions = files.filter((file) => file.startsWith('@electric-sql') && file.endsWith('.tar.gz'));
  expect(extensions.map((file) => basename(file))).toEqual(['pg_trgm.tar.gz']);
});
