import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { FreshClone } from '../support/fresh-clone';

let clone: FreshClone;
let watcher: ChildProcess;
let output = '';

beforeAll(() => {
  clone = FreshClone.make();
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0' };
  watcher = spawn('npm', ['run', 'start:dev'], { cwd: clone.folder, env, detached: true });
  const collect = (chunk: Buffer): void => void (output += chunk.toString());
  watcher.stdout!.on('data', collect);
  watcher.stderr!.on('data', collect);
});

afterAll(async () => {
  if (watcher.exitCode === null) {
    // npm, the watcher and the service are one group.
    process.kill(-watcher.pid!, 'SIGTERM');
    await once(watcher, 'close');
  }
  clone.remove();
});

const starts = (): string[] => [...output.matchAll(/Server listening at (http:\S+?)["\s]/g)].map(([, url]) => url!);

async function started(times: number): Promise<string> {
  await eventually(() => {
    if (watcher.exitCode !== null || starts().length < times) throw new Error(output);
  }, 120_000);
  return starts()[times - 1]!;
}

it('starts, and starts again when a source file changes', async () => {
  const first = await started(1);
  expect((await fetch(`${first}/api/products/1`)).status).toBe(200);
  const file = join(clone.folder, 'src/app/startup-banner.ts');
  writeFileSync(file, readFileSync(file, 'utf8').replace('is ready.', 'is ready once more.'));
  const second = await started(2);
  await eventually(() => expect(output).toContain('is ready once more.'));
  expect((await fetch(`${second}/api/products/1`)).status).toBe(200);
});
