import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMissing, type Missing, type Need } from './programs';

/** A suite that could not run whole. */
export interface Skipped {
  file: string;
  needs: Need[];
  tests: number;
}

const VARIABLE = 'STRATA_TEST_RUN';

/** What all processes of one test run share: a folder, named in the environment. */
export class TestRun {
  private constructor(readonly folder: string) {}

  /** Looks for the programs once. From here on every temporary folder of the run lies in its own. */
  static begin(): TestRun {
    const run = new TestRun(mkdtempSync(join(tmpdir(), 'strata-run-')));
    mkdirSync(run.temporary);
    // For root, PostgreSQL runs as another user, who has a folder in this one.
    for (const folder of [run.folder, run.temporary]) chmodSync(folder, 0o711);
    process.env[VARIABLE] = run.folder;
    process.env.TMPDIR = run.temporary;
    // The many processes of a run find and compile each file once; from Node 22 on ES modules, too.
    process.env.LOADED_ONCE = join(run.folder, 'loaded');
    process.env.NODE_COMPILE_CACHE = join(run.folder, 'compiled');
    writeFileSync(join(run.folder, 'missing.json'), JSON.stringify(findMissing()));
    return run;
  }

  static current(): TestRun {
    const folder = process.env[VARIABLE];
    if (folder === undefined) throw new Error('No test run has begun: test/support/global-setup.ts does that');
    return new TestRun(folder);
  }

  get temporary(): string {
    return join(this.folder, 'tmp');
  }

  /** Where the servers that all suites share are asked for. */
  get socket(): string {
    return join(this.folder, 'servers');
  }

  missing(): Missing {
    return JSON.parse(readFileSync(join(this.folder, 'missing.json'), 'utf8')) as Missing;
  }

  skip(suite: Skipped): void {
    appendFileSync(this.list, `${JSON.stringify(suite)}\n`);
  }

  skipped(): Skipped[] {
    if (!existsSync(this.list)) return [];
    const lines = readFileSync(this.list, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Skipped);
  }

  private get list(): string {
    return join(this.folder, 'skipped');
  }
}
