import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quickStart } from '../support/machine/quick-start';

const DIST = join(__dirname, '../../dist');
/** Loads the whole application and prints what it got, and how many files Node itself had to find. */
const PROGRAM = `
  const Module = require('node:module');
  const find = Module._findPath;
  let found = 0;
  Module._findPath = (...args) => { found += 1; return find(...args); };
  const exported = require('${DIST}/app/create-app');
  const names = Object.keys(require.cache).sort();
  console.log(JSON.stringify({ exported: Object.keys(exported), names, found }));`;

interface Loaded {
  exported: string[];
  names: string[];
  found: number;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-loaded-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a second process finds and compiles nothing, and has the same modules', () => {
  const script = join(folder, 'program.cjs');
  writeFileSync(script, PROGRAM);
  const run = (args: string[]): Loaded => {
    const env = { PATH: process.env.PATH, LOADED_ONCE: join(folder, 'loaded') };
    return JSON.parse(execFileSync(process.execPath, [...args, script], { env, encoding: 'utf8' })) as Loaded;
  };
  const plain = run([]);
  const [first, second] = [run(quickStart().args), run(quickStart().args)];
  for (const { names, exported } of [first, second]) {
    expect(exported).toEqual(plain.exported);
    expect(names.filter((name) => !name.endsWith('load-once.cjs'))).toEqual(plain.names);
  }
  expect(plain.found).toBeGreaterThan(1_000);
  expect(second.found).toBeLessThan(50);
});
