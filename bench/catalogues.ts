import { randomBytes } from 'node:crypto';
import { sql } from '../test/support/sql';
import { runStrata } from '../test/support/strata-process';

/** Databases full of products. Each size is filled once and then copied: a fresh one takes a moment. */
export class Catalogues {
  private readonly filled = new Map<number, string>();
  private readonly run = randomBytes(4).toString('hex');
  private copies = 0;

  constructor(private readonly serverUrl: string) {}

  async copy(rows: number): Promise<{ url: string; drop: () => Promise<unknown> }> {
    const template = await this.template(rows);
    const name = `strata_bench_${this.run}_${(this.copies += 1)}`;
    await this.administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return { url: this.urlOf(name), drop: () => this.administer(`DROP DATABASE ${name} WITH (FORCE)`) };
  }

  async drop(): Promise<void> {
    for (const name of this.filled.values()) await this.administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }

  private async template(rows: number): Promise<string> {
    const known = this.filled.get(rows);
    if (known !== undefined) return known;
    const name = `strata_bench_${this.run}_of_${rows}`;
    await this.administer(`CREATE DATABASE ${name}`);
    this.filled.set(rows, name);
    const { code, output } = await runStrata('cli/seed.js', ['--count', String(rows)], {
      DATABASE_URL: this.urlOf(name),
    });
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
