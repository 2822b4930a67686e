import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '../..');
/** What `npm run build`, `npm run lint` and `npm start` read. */
const FILES = [
  '.prettierrc.json',
  '.swcrc',
  'eslint.config.mjs',
  'nest-cli.json',
  'package.json',
  'src',
  'tsconfig.build.json',
  'tsconfig.json',
];

/** A copy of the sources with this project's packages: what somebody has after `git clone` and `npm ci`. */
export class FreshClone {
  private constructor(readonly folder: string) {}

  static make(): FreshClone {
    const folder = mkdtempSync(join(tmpdir(), 'strata-clone-'));
    for (const file of FILES) cpSync(join(ROOT, file), join(folder, file), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return new FreshClone(folder);
  }

  /** Runs a command in it. @returns what it printed; rejects with that if it fails */
  async run(command: string, args: readonly string[]): Promise<string> {
    try {
      const { stdout } = await promisify(execFile)(command, args, { cwd: this.folder });
      return stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error });
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
