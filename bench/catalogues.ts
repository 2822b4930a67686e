import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from '../test/support/sql';
import { runStrata } from '../test/support/strata-process';

/** Databases full of products. Each size is filled once and then copied: a fresh one takes a moment. */
export class Catalogues {
  private readonly filled = new Map<string, string>();
  private readonly run = randomBytes(4).toString('hex');
  private copies = 0;

  constructor(private readonly serverUrl: string) {}

  /** @param dist of another checkout, whose schema it gets @default this checkout */
  async copy(rows: number, dist?: string): Promise<{ url: string; drop: () => Promise<unknown> }> {
    const template = await this.template(rows, dist);
    const name = `strata_bench_${this.run}_${(this.copies += 1)}`;
    await this.administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return { url: this.urlOf(name), drop: () => this.administer(`DROP DATABASE ${name} WITH (FORCE)`) };
  }

  async drop(): Promise<void> {
    for (const name of this.filled.values()) await this.administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }

  private async template(rows: number, dist?: string): Promise<string> {
    const kind = `${rows} ${dist}`;
    const known = this.filled.get(kind);
    if (known !== undefined) return known;
    const name = `strata_bench_${this.run}_of_${rows}${dist === undefined ? '' : `_${this.filled.size}`}`;
    await this.administer(`CREATE DATABASE ${name}`);
    this.filled.set(kind, name);
    const env = { DATABASE_URL: this.urlOf(name) };
    const { code, output } = await runStrata(seedOf(dist), ['--count', String(rows)], env, dist);
    if (code !== 0) throw new Error(`The catalogue could not be filled:\n${output}`);
    // What the server would do by itself within minutes.
    await sql(this.urlOf(name), 'VACUUM ANALYZE');
    return name;
  }

  private urlOf(name: string): string {
    const url = new URL(this.serverUrl);
    url.pathname = `/${name}`;
    return url.href;
  }

  private administer(statement: string): Promise<unknown> {
    return sql(this.serverUrl, statement);
  }
}

/** Where the program that fills a catalogue is; older checkouts have it beside main.js. */
function seedOf(dist?: string): string {
  return dist !== undefined && existsSync(join(dist, 'seed.js')) ? 'seed.js' : 'cli/seed.js';
}
