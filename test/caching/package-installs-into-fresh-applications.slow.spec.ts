import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onRealServers } from '../support/backends';
import { eventually } from '../support/eventually';
import { needs } from '../support/needs';
import { RedisServer } from '../support/redis-server';
import { sql } from '../support/sql';
import { installOnNest11, installOnNewest, recipeFiles } from './recipe';

const ROOT = join(__dirname, '../..');
/** The tarball that `npm run pack:caching` makes, under the name that the README gives it. */
let tarball: string;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-package-'));
  tarball = execFileSync(process.execPath, ['tools/pack-caching.mjs', '--out', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  }).trim();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

needs('redis-server');

it('the package is whole: types beside all code, the console, and documents whose links lead somewhere', async () => {
  const place = join(folder, 'unpacked');
  mkdirSync(place);
  await shell(`tar xzf ${tarball} -C ${place} --strip-components=1`, folder);
  const files = readdirSync(place, { recursive: true, encoding: 'utf8' });
  expect(files).toEqual(expect.arrayContaining(['index.js', 'index.d.ts', 'README.md', 'LICENSE']));
  expect(files).toContain('observe/console/page/console.html');
  const code = files.filter((file) => file.endsWith('.js') && !file.startsWith('observe/console/page/'));
  expect(code.filter((file) => !files.includes(file.replace(/js$/, 'd.ts')))).toEqual([]);
  const documents = files.filter((file) => file.endsWith('.md'));
  const links = documents.flatMap((document) =>
    [...readFileSync(join(place, document), 'utf8').matchAll(/\]\(([^)\s#]+)/g)].map(
      ([, to]) => [document, to!] as const,
    ),
  );
  expect(links.length).toBeGreaterThan(3);
  const broken = links.filter(([from, to]) => !/^[a-z]+:/.test(to) && !existsSync(join(place, dirname(from), to)));
  expect(broken).toEqual([]);
});

onRealServers((open) => {
  it.each([
    { cli: '@nestjs/cli@11', nest: 11, commands: installOnNest11 },
    { cli: '@nestjs/cli@12', nest: 12, commands: installOnNewest },
  ])('in a fresh application of $cli, with another entity, every write is seen', async ({ cli, nest, commands }) => {
    const [backend, redis] = await Promise.all([open(), RedisServer.start()]);
    try {
      const app = await followRecipe(join(folder, String(nest)), cli, commands);
      expect(majorOf(app, '@nestjs/core')).toBe(nest);
      const url = backend.env.DATABASE_URL!;
      const news = await start(app, { DATABASE_URL: url, REDIS_URL: redis.url });
      try {
        await everyWriteIsSeen(news.url, url);
      } finally {
        await news.stop();
      }
    } finally {
      await Promise.all([backend.dispose(), redis.stop()]);
    }
  });
});

async function everyWriteIsSeen(url: string, databaseUrl: string): Promise<void> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
  for (const title of ['One', 'Two']) await fetch(`${url}/articles`, { ...post, body: JSON.stringify({ title }) });
  const titles = async (path: string): Promise<[status: string, text: string]> => {
    const answer = await fetch(url + path);
    return [answer.headers.get('cache-status')!.replace(/ttl=\d+/, 'ttl'), await answer.text()];
  };
  expect(await titles('/articles/1')).toEqual(['news; fwd=uri-miss; stored', '{"id":1,"title":"One"}']);
  expect(await titles('/articles/1')).toEqual(['news; hit; ttl; detail=l1', '{"id":1,"title":"One"}']);
  await titles('/articles/2');
  await titles('/articles');

  await sql(databaseUrl, `UPDATE articles SET title = 'Uno' WHERE id = 1`);
  await eventually(async () => {
    expect((await titles('/articles/1'))[1]).toBe('{"id":1,"title":"Uno"}');
    expect((await titles('/articles'))[1]).toBe('[{"id":1,"title":"Uno"},{"id":2,"title":"Two"}]');
  });
  expect(await titles('/articles/2')).toEqual(['news; hit; ttl; detail=l1', '{"id":2,"title":"Two"}']);
}

/** To the letter: a new application, the commands, the files, and a build. */
async function followRecipe(place: string, cli: string, commands: string): Promise<string> {
  mkdirSync(place);
  await shell(`npx --yes ${cli} new news --skip-install --skip-git -p npm`, place);
  const app = join(place, 'news');
  cpSync(tarball, join(app, basename(tarball)));
  await shell('npm install', app);
  await shell(commands, app);
  expect(recipeFiles.length).toBe(5);
  for (const [file, code] of recipeFiles) writeFileSync(join(app, file), code);
  await shell('npx nest build', app);
  return app;
}

async function shell(commands: string, cwd: string): Promise<void> {
  const quiet = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_loglevel: 'error' };
  // What the npm that runs the tests has set would lead this one back to the project's own folder and packages.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'));
  const env = { ...Object.fromEntries(inherited), PATH: outside(process.env.PATH!), ...quiet };
  const options = { cwd, env, maxBuffer: 1 << 26 };
  await promisify(execFile)('bash', ['-ec', commands], options).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${commands}\n${error.stdout}${error.stderr}`);
  });
}

function outside(path: string): string {
  return path
    .split(delimiter)
    .filter((part) => !part.endsWith(join('node_modules', '.bin')))
    .join(delimiter);
}

function majorOf(app: string, name: string): number {
  const text = readFileSync(join(app, 'node_modules', name, 'package.json'), 'utf8');
  return Number((JSON.parse(text) as { version: string }).version.split('.')[0]);
}

async function start(app: string, env: Record<string, string>) {
  const port = await freePort();
  const child = spawn(process.execPath, ['dist/main'], {
    cwd: app,
    env: { PATH: process.env.PATH, PORT: String(port), ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const closed = once(child, 'close');
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(output);
    await fetch(url).catch(() => Promise.reject(new Error(output)));
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await closed;
  };
  return { url, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
