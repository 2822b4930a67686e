import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findCommand } from './machine/programs';
import { needed } from './needs';

const run = promisify(execFile);

/** A backup of one database by pg_dump, in a folder of its own. */
export class PgDump {
  private constructor(private readonly folder: string) {}

  /** @param url the database */
  static async of(url: string): Promise<PgDump> {
    needed('psql');
    const dump = new PgDump(mkdtempSync(join(tmpdir(), 'strata-dump-')));
    await run(findCommand('pg_dump')!, ['--format', 'custom', '--file', dump.file, url]);
    return dump;
  }

  /** @param args as `--clean` */
  async restore(url: string, ...args: string[]): Promise<void> {
    await run(findCommand('pg_restore')!, [
      '--exit-on-error',
      '--single-transaction',
      ...args,
      '--dbname',
      url,
      this.file,
    ]);
  }

  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get file(): string {
    return join(this.folder, 'dump');
  }
}
