import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';
import { JWT_SECRET } from '../support/strata-process';

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'strata-tree-'));
  for (const file of ['package.json', 'tools/build.mjs']) cpSync(file, join(tree, file));
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

function npm(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: process.env.PATH, HOME: tree, NODE_ENV: 'production', JWT_SECRET };
  return spawnSync('npm', args, { cwd: tree, env, encoding: 'utf8' });
}

it('without dist/ one sentence says how to build', () => {
  const { status, stderr } = npm('start', '--silent');
  expect(status).toBe(1);
  expect(stderr.trim()).toMatch(
    /^Strata is not built.*: npm ci --include=dev && npm run build && npm prune --omit=dev$/,
  );
});

it('with dist/ the commands run it', () => {
  symlinkSync(resolve('dist'), join(tree, 'dist'));
  const { status, stdout } = npm('run', '--silent', 'token', '--', '--sub', 'alice');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
});
