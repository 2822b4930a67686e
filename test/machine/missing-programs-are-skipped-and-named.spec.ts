import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { slowIt } from '../support/effort';

const ROOT = join(__dirname, '../..');
const SUPPORT = join(ROOT, 'test/support');
const WITHOUT = `
  import { needs } from '${SUPPORT}/needs';
  it('needs nothing', () => undefined);
  describe('one part', () => {
    needs('redis-server', 'psql');
    beforeAll(() => { throw new Error('the hooks of a skipped part run'); });
    it('is skipped', () => { throw new Error('a skipped test runs'); });
    describe('whatever is in it', () => it('is skipped as well', () => { throw new Error('a skipped test runs'); }));
  });`;
const WHOLE = `
  import { needs } from '${SUPPORT}/needs';
  needs('prometheus');
  beforeAll(() => { throw new Error('the hooks of a skipped suite run'); });
  it('is skipped', () => { throw new Error('a skipped test runs'); });`;
const UNDECLARED = `
  import { RedisServer } from '${SUPPORT}/redis-server';
  it('starts what it has not said that it needs', async () => { await RedisServer.start(); });`;
const LEAVES = `
  import { mkdtempSync } from 'node:fs';
  import { tmpdir } from 'node:os';
  it('leaves a folder behind', () => void mkdtempSync(tmpdir() + '/forgotten-'));`;
const RUNS_ON = `
  import { spawn } from 'node:child_process';
  it('leaves a process behind', () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' }).unref());`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-suites-'));
  // A PATH with Node and nothing else.
  mkdirSync(join(folder, 'bin'));
  symlinkSync(process.execPath, join(folder, 'bin/node'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs these suites with this project's configuration, on a machine with Node and npm only. */
function run(
  suites: Record<string, string>,
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  for (const [name, text] of Object.entries(suites)) writeFileSync(join(folder, `${name}.spec.ts`), text);
  const args = [join(ROOT, 'node_modules/jest/bin/jest.js'), '-i', '--roots', folder];
  const bare = { PATH: join(folder, 'bin'), TMPDIR: folder, ...env };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT, env: bare }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr });
    });
  });
}

it('tests and hooks are skipped, the rest runs, and the last lines name suites, counts and commands', async () => {
  const { code, output } = await run({ whole: WHOLE, part: WITHOUT });
  expect(output).toContain('Tests:       3 skipped, 1 passed, 4 total');
  const lines = output.slice(output.indexOf('Without ')).trimEnd().split('\n');
  expect(lines).toEqual([
    'Without prometheus:',
    expect.stringMatching(/whole\.spec\.ts \(1\)$/),
    'Without psql, redis-server:',
    expect.stringMatching(/part\.spec\.ts \(2\)$/),
    '',
    'Skipped: 3 tests of 2 suites, because this machine lacks prometheus, psql, redis-server. What brings each:',
    '  prometheus    apt-get install -y prometheus',
    '  psql          apt-get install -y postgresql-client',
    '  redis-server  apt-get install -y redis-server',
    '  all of them   apt-get install -y postgresql-client prometheus redis-server',
  ]);
  expect(code).toBe(0);
});

slowIt('with CI=true each is a failure that names the program and the command', async () => {
  const { code, output } = await run({ whole: WHOLE, part: WITHOUT }, { CI: 'true' });
  expect(output).toContain(
    'This machine lacks prometheus, and with CI=true nothing is skipped: apt-get install -y prometheus',
  );
  expect(output).toContain('Test Suites: 2 failed, 2 total');
  expect(code).toBe(1);
});

slowIt('a suite that starts a program without saying that it needs it fails at once, on every machine', async () => {
  const { code, output } = await run({ undeclared: UNDECLARED });
  expect(output).toContain("uses redis-server: say needs('redis-server') at its head");
  expect(code).toBe(1);
});

it('a run that leaves a folder behind fails and names it', async () => {
  const { code, output } = await run({ leaves: LEAVES });
  expect(output).toMatch(/Suites left behind:\s+folder forgotten-/);
  expect(code).toBe(1);
});

slowIt('a run that leaves a process behind fails and names it', async () => {
  const { code, output } = await run({ runsOn: RUNS_ON });
  const left = /Suites left behind:\s+process (\d+) \(.*setInterval/.exec(output)?.[1];
  expect(left).toBeDefined();
  process.kill(Number(left));
  expect(code).toBe(1);
});
