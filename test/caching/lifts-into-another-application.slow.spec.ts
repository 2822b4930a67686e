import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { type Backend, onRealServers } from '../support/backends';
import { eventually } from '../support/eventually';
import { RedisServer } from '../support/redis-server';

const ROOT = join(__dirname, '../..');
const CACHING = join(ROOT, 'src/caching');
const NEST = join(ROOT, 'node_modules/.bin/nest');
const run = promisify(execFile);

const recipe = readFileSync(join(CACHING, 'README.md'), 'utf8')
  .split('## Into another application\n')[1]!
  .split('\n## ')[0]!;
/** File → code, of each block that begins with the name of its file. */
const files = [...recipe.matchAll(/```ts\n\s*\/\/ (src\/\S+)\n([\s\S]*?)```/g)].map(([, file, code]) => [file!, code!]);

it('the recipe installs all that the folder imports', () => {
  const sources = readdirSync(CACHING, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const imports = sources.flatMap((file) => [...readFileSync(join(CACHING, file), 'utf8').matchAll(/from '([^']+)'/g)]);
  const packages = new Set(imports.map(([, name]) => packageOf(name!)).filter((name) => /^[@a-z]/.test(name)));
  const installed = new Set([...recipe.matchAll(/ (@?[a-z][\w/-]+)(?:@\d+)?(?=[ \n])/g)].map(([, name]) => name));
  // Every Nest application has the first three; Node, the node: ones; and Fastify's adapter brings Fastify.
  const there = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'fastify'];
  expect(packages.size).toBeGreaterThan(10);
  expect(
    [...packages].filter((name) => !name.startsWith('node:') && !installed.has(name) && !there.includes(name)),
  ).toEqual([]);
});

onRealServers((open) => {
  let folder: string;
  let backend: Backend;
  let redis: RedisServer;
  let database: Client;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'strata-lift-'));
    [backend, redis] = await Promise.all([open(), RedisServer.start()]);
    database = new Client({ connectionString: backend.env.DATABASE_URL });
    await database.connect();
  });

  afterAll(async () => {
    await database.end();
    await Promise.all([backend.dispose(), redis.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('in a fresh application of the Nest CLI, with another entity, every write is seen', async () => {
    const app = await followRecipe(folder);
    const news = await start(app, { DATABASE_URL: backend.env.DATABASE_URL!, REDIS_URL: redis.url });
    try {
      const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
      for (const title of ['One', 'Two']) {
        await fetch(`${news.url}/articles`, { ...post, body: JSON.stringify({ title }) });
      }
      const titles = async (path: string): Promise<[status: string, text: string]> => {
        const answer = await fetch(news.url + path);
        return [answer.headers.get('cache-status')!.replace(/ttl=\d+/, 'ttl'), await answer.text()];
      };
      expect(await titles('/articles/1')).toEqual(['news; fwd=uri-miss; stored', '{"id":1,"title":"One"}']);
      expect(await titles('/articles/1')).toEqual(['news; hit; ttl; detail=l1', '{"id":1,"title":"One"}']);
      await titles('/articles/2');
      await titles('/articles');

      await database.query(`UPDATE articles SET title = 'Uno' WHERE id = 1`);
      await eventually(async () => {
        expect((await titles('/articles/1'))[1]).toBe('{"id":1,"title":"Uno"}');
        expect((await titles('/articles'))[1]).toBe('[{"id":1,"title":"Uno"},{"id":2,"title":"Two"}]');
      });
      expect(await titles('/articles/2')).toEqual(['news; hit; ttl; detail=l1', '{"id":2,"title":"Two"}']);
    } finally {
      await news.stop();
    }
    // A whole application is generated and compiled.
  });
});

/** To the letter. What is not in the recipe is what `npm install` does. */
async function followRecipe(folder: string): Promise<string> {
  await run(NEST, ['new', 'news', '--skip-install', '--skip-git', '-p', 'npm'], { cwd: folder });
  const app = join(folder, 'news');
  symlinkSync(join(ROOT, 'node_modules'), join(app, 'node_modules'));
  cpSync(CACHING, join(app, 'src/caching'), { recursive: true });
  expect(files.length).toBe(5);
  for (const [file, code] of files) writeFileSync(join(app, file!), code!);
  await run(NEST, ['build'], { cwd: app }).catch(({ stdout, stderr }: Record<'stdout' | 'stderr', string>) => {
    throw new Error(`nest build: ${stdout}${stderr}`);
  });
  return app;
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

function packageOf(name: string): string {
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}
