import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually';
import { sql } from './sql';

/** One message of a client to the server; a simple query may hold several statements. */
export interface Logged {
  readonly application: string;
  readonly text: string;
}

const START = '\u241e';

/** The server's own log of every statement. */
export class StatementLog {
  private readonly folder = mkdtempSync(join(tmpdir(), 'strata-statements-'));

  constructor() {
    // The server runs as another user.
    chmodSync(this.folder, 0o777);
  }

  /** For postgresql.conf. */
  get settings(): Record<string, string> {
    return {
      logging_collector: 'on',
      log_directory: this.folder,
      log_filename: 'statements',
      log_file_mode: '0644',
      log_statement: 'all',
      log_line_prefix: `${START}%a|`,
    };
  }

  /** All so far, in the server's order. */
  read(): Logged[] {
    const lines = readFileSync(join(this.folder, 'statements'), 'utf8').split(START).slice(1);
    return lines.flatMap((line) => {
      const found = /^(.*?)\|LOG: {2}(?:statement|execute [^:]*): (.*)$/s.exec(line);
      return found ? [{ application: found[1]!, text: found[2]!.trim().replace(/\s+/g, ' ') }] : [];
    });
  }

  /** What the server at `url` executed while `work` ran. */
  async during(url: string, work: () => Promise<unknown>): Promise<Logged[]> {
    const marker = `SELECT 'marker ${Math.random()}'`;
    const [begin, end] = [`${marker} AS begins`, `${marker} AS ends`];
    await sql(url, begin);
    await work();
    await sql(url, end);
    const indexOf = (all: Logged[], mark: string): number => all.findIndex(({ text }) => text === mark);
    await eventually(() => indexOf(this.read(), end) >= 0);
    const all = this.read();
    return all.slice(indexOf(all, begin) + 1, indexOf(all, end));
  }

  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
