import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lockFolder } from '../../src/database/embedded/folder-lock';
import { type Backend, embedded } from '../support/backends';
import { databaseAnswers } from '../support/database-answers';
import { eventually } from '../support/eventually';
import { startStrata, type StrataProcess } from '../support/strata-process';

let backend: Backend;
let folder: string;
let service: StrataProcess;

beforeAll(async () => {
  backend = await embedded(10_000);
  folder = backend.env.DATA_DIR!;
  // As a copy may be.
  chmodSync(join(folder, 'pglite'), 0o755);
  service = await startStrata(backend.env);
});
afterAll(async () => {
  await service.stop();
  await backend.dispose();
});

it('other users of the machine cannot enter the folder', () => {
  const data = statSync(join(folder, 'pglite'));
  expect((data.mode & 0o777).toString(8)).toBe('700');
  expect(data.uid).toBe(process.getuid?.());
});

it('it listens in that folder and on no port', async () => {
  const socket = join(folder, 'pglite', '.s.PGSQL.5432');
  expect(statSync(socket).isSocket()).toBe(true);
  await databaseAnswers(service.url);
});

// Only root can become somebody else.
(process.getuid?.() === 0 ? it : it.skip)('another user of the machine cannot reach the socket', () => {
  const socket = join(folder, 'pglite', '.s.PGSQL.5432');
  const stranger = `require('node:net').connect(${JSON.stringify(socket)}).on('error', ({ code }) => console.log(code))`;
  chmodSync(folder, 0o755);
  const { stdout } = spawnSync(process.execPath, ['-e', stranger], { uid: 65_534, gid: 65_534, encoding: 'utf8' });
  expect(stdout.trim()).toBe('EACCES');
});

it('a lock file that was removed is made again, and the service goes on', async () => {
  const locks = (): string[] => readdirSync(folder).filter((name) => name.startsWith('strata.lock'));
  for (const lock of locks()) rmSync(join(folder, lock));
  await eventually(() => expect(locks()).toHaveLength(1));
  await databaseAnswers(service.url);
  expect(() => lockFolder(folder)).toThrow(`in use by process ${service.child.pid}`);
});
