import { chmodSync, existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes that an embedded database and the first catalogue take, with room to work. */
const FIRST_START = 128 * 1024 * 1024;
/** Bytes without which PostgreSQL cannot write its log. */
const FULL = 4 * 1024 * 1024;
const FOR_THE_OWNER_ALONE = 0o700;

/** The folder that PGlite keeps its files in, below DATA_DIR. Other users of the machine cannot enter it. */
export class DataFolder {
  readonly path: string;
  /** Stands beside the folder while that is being filled for the first time. */
  private readonly unfinished: string;

  constructor(private readonly parent: string) {
    this.path = join(parent, 'pglite');
    this.unfinished = join(parent, 'pglite.unfinished');
  }

  /** Makes it if need be. @returns true when there is no database in it yet */
  prepare(): boolean {
    // A process that ended while it filled the folder has left half a database, which was never used.
    if (existsSync(this.unfinished)) rmSync(this.path, { recursive: true, force: true });
    const isNew = !existsSync(join(this.path, 'PG_VERSION'));
    if (isNew) {
      const free = freeBytes(this.parent);
      if (free !== undefined && free < FIRST_START) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      writeFileSync(this.unfinished, '');
    }
    mkdirSync(this.path, { recursive: true, mode: FOR_THE_OWNER_ALONE });
    chmodSync(this.path, FOR_THE_OWNER_ALONE);
    return isNew;
  }

  /** The database is whole from now on. */
  finish(): void {
    rmSync(this.unfinished, { force: true });
  }
}

/** @returns an error that says why the embedded database in `folder` cannot be used, and what to change */
export function folderFault(folder: string, cause: unknown): Error {
  return new Error(reasonOf(folder, cause as NodeJS.ErrnoException), { cause });
}

function reasonOf(folder: string, { code, message }: NodeJS.ErrnoException): string {
  const another = 'set DATA_DIR to another folder';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `The data folder ${folder} cannot be written (${code}): let this user write to it, or ${another}.`;
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') return `The data folder ${folder} is no folder: ${another}.`;
  const free = freeBytes(folder);
  if (code === 'ENOSPC' || code === 'EDQUOT' || (free !== undefined && free < FULL)) return noSpace(folder, free ?? 0);
  return `The embedded database in ${folder} cannot be used: ${message}`;
}

function noSpace(folder: string, free: number): string {
  return (
    `The disk that holds the data folder ${folder} has ${Math.floor(free / 1024 / 1024)} MB left: free some space ` +
    `(a first start takes ${FIRST_START / 1024 / 1024} MB), or set DATA_DIR to a folder on another disk.`
  );
}

/** Undefined where the system does not say. */
function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
