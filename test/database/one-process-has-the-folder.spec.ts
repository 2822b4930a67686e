import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embedded } from '../support/backends';
import { effort } from '../support/effort';
import { runStrata, startStrata } from '../support/strata-process';

const LOCK = join(__dirname, '../../dist/database/embedded/folder-lock.js');
/** Takes the lock and says so; keeps it until its standard input ends. */
const CONTENDER = `
  try {
    require(${JSON.stringify(LOCK)}).lockFolder(process.argv[1]);
    console.log('held');
    process.stdin.resume().on('end', () => process.exit(0));
  } catch (error) {
    console.log(error.name);
  }`;

function contend(folder: string): { said: Promise<string>; kill: () => Promise<unknown>; end: () => Promise<unknown> } {
  const child = spawn(process.execPath, ['-e', CONTENDER, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  return {
    said: once(child.stdout, 'data').then(([data]) => String(data).trim()),
    kill: () => (child.kill('SIGKILL'), exited),
    end: () => (child.stdin.end(), exited),
  };
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strata-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('of five processes that find a killed holder’s lock together, exactly one gets the folder', async () => {
  for (let round = 0; round < effort(2, 8); round++) {
    const before = contend(folder);
    expect(await before.said).toBe('held');
    await before.kill();

    const contenders = Array.from({ length: 5 }, () => contend(folder));
    const said = await Promise.all(contenders.map((contender) => contender.said));
    expect(said.sort()).toEqual([...Array<string>(4).fill('FolderLockedError'), 'held']);
    await Promise.all(contenders.map((contender) => contender.end()));
  }
});

it('a lock that was given back is free at once', async () => {
  for (let round = 0; round < 3; round++) {
    const holder = contend(folder);
    expect(await holder.said).toBe('held');
    await holder.end();
  }
});

/** A lock of the first process of another container, whose number here is that of another process. */
function lockOfAContainer(dataDir: string): { shownLife: (secondsAgo: number) => void } {
  const numbers = readdirSync(dataDir).map((name) => Number(/^strata\.lock\.(\d+)$/.exec(name)?.[1] ?? 0));
  const lock = join(dataDir, `strata.lock.${Math.max(...numbers) + 1}`);
  writeFileSync(lock, JSON.stringify({ pid: 1, world: 'a1b2c3d4 pid:[4026531836]', startedAt: 'another boot:1' }));
  return {
    shownLife: (secondsAgo) => {
      const at = Date.now() / 1_000 - secondsAgo;
      utimesSync(lock, at, at);
    },
  };
}

it('a start waits for the lock of a killed container until that is silent for long, and says so', async () => {
  const { env, dispose } = await embedded(10_000);
  lockOfAContainer(env.DATA_DIR!).shownLife(7);
  const service = await startStrata(env);
  expect(service.output()).toMatch(/^Waiting for the data folder .*: if process 1 of a1b2c3d4 has ended/m);
  await service.stop();
  await dispose();
});

it('the lock of a container that lives keeps the start out', async () => {
  const { env, dispose } = await embedded(10_000);
  const lock = lockOfAContainer(env.DATA_DIR!);
  const life = setInterval(() => lock.shownLife(0), 100);
  const { code, output } = await runStrata('main.js', [], { ...env, PORT: '0' });
  clearInterval(life);
  expect(code).toBe(1);
  expect(output).toContain('is in use by process 1 of a1b2c3d4.');
  await dispose();
});
