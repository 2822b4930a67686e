import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Size of a header, and what each file is padded to a multiple of. */
const BLOCK = 512;
/** Offset and length of a header's fields (POSIX.1-1988, ustar). */
const NAME = [0, 100] as const;
const SIZE = [124, 12] as const;
const TYPE = [156, 1] as const;
const FOLDER = '5';

/**
 * Writes what initdb would make, made before: running it here takes three times as long as all the rest. PGlite unpacks such an
 * archive itself, but through its own file system, which takes five times as long as this.
 */
export async function writeInitialFiles(folder: string): Promise<void> {
  const { dataDir } = await import('@electric-sql/pglite-prepopulatedfs');
  const archive = await dataDir();
  unpack(gunzipSync(await archive.arrayBuffer()), folder);
}

function unpack(tar: Buffer, folder: string): void {
  // A block of zeros ends the archive.
  for (let at = 0; tar[at];) {
    const field = ([offset, length]: readonly [number, number]): string =>
      tar.toString('latin1', at + offset, at + offset + length).replace(/\0.*$/s, '');
    const path = join(folder, field(NAME));
    const size = Number.parseInt(field(SIZE), 8);
    if (field(TYPE) === FOLDER) mkdirSync(path, { recursive: true });
    else writeFileSync(path, tar.subarray(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}
