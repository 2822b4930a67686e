import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Holder {
  pid: number;
  /** Tells a process from a later one that was given the same pid; undefined where the system does not say. */
  startedAt: string | undefined;
}

/** Another living process has the folder. */
export class FolderLockedError extends Error {
  constructor(folder: string, pid: number) {
    super(
      `The data folder ${folder} is in use by process ${pid}. An embedded database serves one process: ` +
        'stop that one, set DATA_DIR to another folder, or set DATABASE_URL to a PostgreSQL server.',
    );
    this.name = 'FolderLockedError';
  }
}

/**
 * Keeps two processes from opening, and so corrupting, one PGlite folder.
 * The lock is a file naming its holder. link() makes it in one step, content and all, and fails where one exists;
 * a holder that was killed is recognised by its pid being gone (or being a younger process), so a crash never has
 * to be cleaned up by hand.
 * @returns releases the lock
 * @throws FolderLockedError
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, 'strata.lock');
  const mine = join(folder, `.strata.lock.${randomUUID()}`);
  writeFileSync(mine, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) } satisfies Holder));
  try {
    while (!tryLink(mine, lock)) {
      const holder = readHolder(lock);
      if (holder && isAlive(holder)) throw new FolderLockedError(folder, holder.pid);
      setAside(lock);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(lock, { force: true });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(lock: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Of two processes that find the same dead lock, rename() lets one win; the other sees it gone and tries again. */
function setAside(lock: string): void {
  const aside = `${lock}.${randomUUID()}`;
  try {
    renameSync(lock, aside);
    rmSync(aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return holder.startedAt === startOf(holder.pid);
}

/** Linux: when the process began, in clock ticks since boot, and the boot's id (proc(5), field 22 of stat). */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may hold spaces: count from behind it.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${ticks}`;
  } catch {
    return undefined;
  }
}
