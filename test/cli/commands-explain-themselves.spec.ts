import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { effort, slowIt } from '../support/effort';
import { quickStart } from '../support/machine/quick-start';

const { scripts, engines } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;
const COMMANDS = ['seed', 'token', 'cache:clear', 'migration:create', 'check:freshness', 'soak', 'bench'];
const WITH_OPTIONS = COMMANDS.filter((name) => name !== 'migration:create');

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** What `npm run NAME -- ARGS` runs, without the build before it. */
function run(script: string, args: string[], nodeOptions = '', more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const [, ...command] = scripts![script]!.split(' ');
  const env = { ...process.env, NODE_OPTIONS: nodeOptions, ...more };
  return new Promise((resolve) => {
    execFile(process.execPath, [...quickStart().args, ...command, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

it.each(effort(COMMANDS.slice(0, 2), COMMANDS))(
  '%s --help prints how it is used and does nothing else',
  async (name) => {
    const { code, stdout, stderr } = await run(name, ['--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`npm run ${name} -- `);
  },
);

it.each(effort(WITH_OPTIONS.slice(1, 2), WITH_OPTIONS))(
  '%s names an option that it does not know, and repeats its usage',
  async (name) => {
    const { code, stdout, stderr } = await run(name, ['--no-such-option']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain("Unknown option '--no-such-option'");
    expect(stderr).toContain(`npm run ${name} -- `);
    expect(stderr).not.toMatch(/^ +at /m);
  },
);

it('token refuses a user name that the service refuses', async () => {
  const secret = { JWT_SECRET: 'x'.repeat(32) };
  const [longest, longer] = await Promise.all(
    [200, 201].map((n) => run('token', ['--sub', 'x'.repeat(n)], '', secret)),
  );
  expect(longest).toMatchObject({ code: 0, stderr: '' });
  expect(longer).toMatchObject({ code: 1, stdout: '' });
  expect(longer!.stderr).toMatch(/^--sub must have at most 200 characters\n/);
});

it('token names a .env that cannot be read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-env-'));
  const file = join(folder, '.env');
  // A container runtime makes a folder where the file to mount is missing.
  mkdirSync(file);
  const args = [...quickStart().args, join(process.cwd(), 'dist/cli/token.js'), '--sub', 'eve'];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  rmSync(folder, { recursive: true, force: true });
  expect(stderr).toBe(`${file} cannot be read (EISDIR): make it a file that this user can read, or remove it.\n`);
  expect(status).toBe(1);
});

slowIt.each([
  ['check:freshness', '--seconds', 'many'],
  ['check:freshness', '--mode', 'loose'],
  ['soak', '--minutes', 'some'],
])('%s names a wrong value of %s', async (name, option, value) => {
  const { code, stderr } = await run(name, [option, value]);
  expect(code).toBe(1);
  expect(stderr.split('\n')[0]).toContain(option);
  expect(stderr).not.toMatch(/^ +at /m);
});

describe('on a Node.js that is too old', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'strata-old-node-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A module to load first, after which Node.js says that it is of this version. */
  function pretending(version: string): string {
    const file = join(folder, `${version}.cjs`);
    const versions = `{ ...process.versions, node: '${version}' }`;
    writeFileSync(file, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
    return `--require ${file}`;
  }

  it.each(effort(['start'], ['start', 'seed', 'token']))('%s says in one sentence which one it needs', async (name) => {
    for (const version of ['18.20.8', '20.18.3']) {
      const { code, stdout, stderr } = await run(name, [], pretending(version));
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toBe(`Strata needs Node.js 20.19 or newer. This is ${version}.\n`);
    }
  });

  it('and starts where package.json says so', async () => {
    expect(engines!.node).toBe('>=20.19');
    expect((await run('token', ['--help'], pretending('20.19.0'))).code).toBe(0);
  });
});
