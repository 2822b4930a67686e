import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A pinned program from the registry, in a folder that the caller removes: `npx` would leave its packages in the user's cache. */
export class NpmTool {
  private readonly home: string;

  /** @param packages with their versions; peers have to be named, or npm takes the newest */
  constructor(
    private readonly folder: string,
    private readonly packages: readonly string[],
  ) {
    this.home = join(folder, 'tools', packages.join('+').replaceAll(/[^\w.+-]/g, '_'));
  }

  async install(): Promise<this> {
    mkdirSync(this.home, { recursive: true });
    const flags = ['--prefix', this.home, '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
    await run('npm', ['install', ...flags, ...this.packages], { cwd: this.home });
    return this;
  }

  /** Runs one of its commands in the folder, where its temporary files stay too. @returns what it printed @throws when it ends with an error */
  async run(command: string, ...args: string[]): Promise<string> {
    const file = join(this.home, 'node_modules/.bin', command);
    const { stdout, stderr } = await run(file, args, {
      cwd: this.folder,
      env: { ...process.env, TMPDIR: this.folder },
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout + stderr;
  }
}
