import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

interface Holder {
  pid: number;
  /** Where that pid means anything: a machine, or a container on it. */
  world: string;
  /** Distinguishes a process from a later one with the same pid; undefined where the system does not say. */
  startedAt: string | undefined;
}

/** How often a holder shows that it lives, and after how long without a sign one of another world is dead. In ms. */
const SIGN_EVERY = 2_000;
export const SILENT_FOR = 15_000;
const LOCK = /^strata\.lock\.(\d+)$/;

/** Another living process has the folder. */
export class FolderLockedError extends Error {
  /**
   * @param holder in words
   * @param lastSign when the holder last showed that it lives, in ms since 1970; undefined for one
   * of this world, which is seen to live
   */
  constructor(
    folder: string,
    readonly holder: string,
    readonly lastSign: number | undefined,
  ) {
    super(
      `The data folder ${folder} is in use by ${holder}. An embedded database serves one process: ` +
        'stop that one, set DATA_DIR to another folder, or set DATABASE_URL to a PostgreSQL server.',
    );
    this.name = 'FolderLockedError';
  }
}

/**
 * Keeps two processes from opening, and so corrupting, one PGlite folder. A killed holder leaves a dead lock, which the next one must
 * be able to pass without two of them passing it together. So a lock is never removed, only surpassed: locks are numbered, and
 * who finds the highest one dead makes the next number. link() makes a file in one step, content and all, and fails where there is
 * one, so each number has one maker; only locks below the maker's own are removed.
 * @returns releases the lock
 * @throws FolderLockedError
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const mine = join(folder, `.${randomUUID()}`);
  const holder: Holder = { pid: process.pid, world: world(), startedAt: startOf(process.pid) };
  writeFileSync(mine, JSON.stringify(holder));
  try {
    const number = makeNext(folder, mine);
    const path = lockPath(folder, number);
    const sign = setInterval(() => showLife(path, holder), SIGN_EVERY).unref();
    return () => {
      clearInterval(sign);
      // Emptied, not removed: its number is spent, and the next process goes on from it.
      if (existsSync(path)) writeFileSync(path, '');
    };
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Another process may have removed the lock, or the disk may be read-only by now: neither ends the holder. */
function showLife(path: string, holder: Holder): void {
  try {
    if (existsSync(path)) utimesSync(path, new Date(), new Date());
    else writeFileSync(path, JSON.stringify(holder), { flag: 'wx' });
  } catch {
    // The next sign may succeed.
  }
}

function makeNext(folder: string, mine: string): number {
  for (;;) {
    const highest = numbers(folder).at(-1) ?? 0;
    const held = lockPath(folder, highest);
    const holder = readHolder(held);
    if (holder && isAlive(holder, held)) throw lockedBy(holder, folder, held);
    const next = highest + 1;
    if (!tryLink(mine, lockPath(folder, next))) continue;
    // Another process may have made this number and a higher one, and removed this one, meanwhile.
    if (numbers(folder).at(-1) === next) {
      for (const spent of numbers(folder)) if (spent < next) rmSync(lockPath(folder, spent), { force: true });
      return next;
    }
    rmSync(lockPath(folder, next), { force: true });
  }
}

function numbers(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => LOCK.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function lockPath(folder: string, number: number): string {
  return join(folder, `strata.lock.${number}`);
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

function isAlive(holder: Holder, lock: string): boolean {
  if (!isOfThisWorld(holder)) return Date.now() - lastSignOf(lock) < SILENT_FOR;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return holder.startedAt === startOf(holder.pid);
}

function lockedBy(holder: Holder, folder: string, lock: string): FolderLockedError {
  const process = `process ${holder.pid}`;
  if (isOfThisWorld(holder)) return new FolderLockedError(folder, process, undefined);
  return new FolderLockedError(folder, `${process} of ${holder.world.split(' ', 1)[0]}`, lastSignOf(lock));
}

function isOfThisWorld(holder: Holder): boolean {
  return holder.world === world();
}

function lastSignOf(lock: string): number {
  return statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function world(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
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
