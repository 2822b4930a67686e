import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { anyDatabase } from '../support/backends';
import { tokenFor } from '../support/client';
import { NpmTool } from '../support/npm-tool';
import { useService } from '../support/service';

const run = promisify(execFile);
const TSC = resolve('node_modules/.bin/tsc');
const TYPESCRIPT = 'typescript@5.9.3';
const service = useService(anyDatabase);
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'strata-openapi-'));
  writeFileSync(join(folder, 'openapi.json'), (await service.get('/docs-json')).text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('clients of openapi-typescript and hey-api compile under --strict, and work', async () => {
  const paths = await new NpmTool(folder, ['openapi-typescript@7.13.0', TYPESCRIPT]).install();
  await paths.run('openapi-typescript', 'openapi.json', '-o', 'paths.d.ts');
  const client = await new NpmTool(folder, ['@hey-api/openapi-ts@0.99.0', TYPESCRIPT]).install();
  await client.run('openapi-ts', '-i', 'openapi.json', '-o', 'client');
  writeFileSync(join(folder, 'use.ts'), USE);
  const strict = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler'];
  await run(TSC, [...strict, '--lib', 'es2022,dom,dom.iterable', 'use.ts', 'paths.d.ts'], { cwd: folder });
  const esbuild = await new NpmTool(folder, ['esbuild@0.27.2']).install();
  await esbuild.run('esbuild', 'use.ts', '--bundle', '--platform=node', '--outfile=use.cjs');
  const env = { ...process.env, BASE: service.process().url, TOKEN: tokenFor('eve', 'editor') };
  const { stdout } = await run(process.execPath, ['use.cjs'], { cwd: folder, env });
  expect(JSON.parse(stdout)).toEqual({ results: 2, stock: 7, refused: 400, typed: 7 });
});

const USE = `
import type { paths } from './paths';
import { listProducts, updateProduct } from './client';
declare const process: { env: Record<string, string | undefined> };
type Page = paths['/api/products']['get']['responses']['200']['content']['application/json'];
type Product = paths['/api/products/{id}']['get']['responses']['200']['content']['application/json'];
const { BASE: baseUrl = '', TOKEN: auth = '' } = process.env;
async function main(): Promise<void> {
  const list = await listProducts({ baseUrl, query: { page_size: 2 } });
  const page: Page | undefined = list.data;
  const id = page?.results[0]?.id ?? 0;
  const patched = await updateProduct({ baseUrl, auth, path: { id }, body: { stock: 7 } });
  const wrong = await listProducts({ baseUrl, query: { page: 0 } });
  const refused: number | undefined = wrong.error?.status;
  // The types of openapi-typescript, over plain fetch.
  const response = await fetch(\`\${baseUrl}/api/products/\${id}\`);
  const typed = ((await response.json()) as Product).stock;
  console.log(JSON.stringify({ results: page?.results.length, stock: patched.data?.stock, refused, typed }));
}
void main();
`;
