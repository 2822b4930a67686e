import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { effort } from '../support/effort';

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
