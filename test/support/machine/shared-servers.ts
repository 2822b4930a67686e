import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { PostgresServer } from '../postgres-server';
import { RedisServer } from '../redis-server';
import { sql } from '../sql';
import { runStrata } from '../strata-process';
import { leftProcesses } from './left-processes';
import { BINARIES } from './postgres-binaries';
import type { TestRun } from './run';
import type { SharedKind } from './shared';

/**
 * In the process of the run: servers and filled databases that its suites share. Each is made once, when the first suite asks for it, so that
 * a run of one suite waits for nothing that it does not use.
 */
export class SharedServers {
  private readonly made = new Map<string, Promise<string>>();
  private ownPostgres?: PostgresServer;
  private ownRedis?: RedisServer;
  private readonly door: Server;
  private readonly make: Record<SharedKind, (count: string) => Promise<string>> = {
    postgres: () => this.postgres(),
    redis: () => this.redis(),
    products: (count) => this.products(count),
    folder: (count) => this.filledFolder(count),
  };

  private constructor(private readonly run: TestRun) {
    this.door = createServer((asked, answer) => {
      const [, kind, count = ''] = asked.url!.split('/');
      this.once(kind as SharedKind, count).then(
        (value) => answer.end(value),
        (error: Error) => answer.writeHead(500).end(String(error.stack)),
      );
    }).listen(run.socket);
  }

  static async open(run: TestRun): Promise<SharedServers> {
    const servers = new SharedServers(run);
    await once(servers.door, 'listening');
    return servers;
  }

  /** @returns what suites have left behind */
  async close(): Promise<string[]> {
    const data = await this.leftData();
    this.door.close();
    await Promise.all([this.ownPostgres?.stop(), this.ownRedis?.stop()]);
    const folders = readdirSync(this.run.temporary).filter((name) => name !== BINARIES);
    return [...data, ...folders.map((name) => `folder ${name}`), ...(await leftProcesses(this.run.folder))];
  }

  /** For the end of the process, which waits for nothing. */
  discard(): void {
    this.ownPostgres?.discard();
    this.ownRedis?.discard();
  }

  private once(kind: SharedKind, count: string): Promise<string> {
    const name = `${kind}/${count}`;
    const made = this.made.get(name) ?? this.make[kind](count);
    this.made.set(name, made);
    return made;
  }

  private async postgres(): Promise<string> {
    if (process.env.TEST_DATABASE_URL !== undefined) return process.env.TEST_DATABASE_URL;
    this.ownPostgres = await PostgresServer.start();
    return this.ownPostgres.url;
  }

  private async redis(): Promise<string> {
    if (process.env.TEST_REDIS_URL !== undefined) return process.env.TEST_REDIS_URL;
    this.ownRedis = await RedisServer.start();
    return this.ownRedis.url;
  }

  /** @returns the name of a migrated database with that many products, to be copied: CREATE DATABASE … TEMPLATE */
  private async products(count: string): Promise<string> {
    const name = `strata_template_${process.pid}_${count}`;
    const url = new URL(await this.once('postgres', ''));
    await sql(url.href, `CREATE DATABASE ${name}`);
    url.pathname = `/${name}`;
    await seed(count, { DATABASE_URL: url.href });
    return name;
  }

  /** @returns a folder of the embedded database with that many products, to be copied */
  private async filledFolder(count: string): Promise<string> {
    const folder = join(this.run.folder, `embedded-${count}`);
    await seed(count, { DATA_DIR: folder });
    return folder;
  }

  private async leftData(): Promise<string[]> {
    const look = "SELECT datname FROM pg_database WHERE datname LIKE 'strata%' AND datname NOT LIKE 'strata_template%'";
    const databases = this.ownPostgres ? await sql<{ datname: string }>(this.ownPostgres.url, look) : [];
    const keys = this.ownRedis ? await this.ownRedis.command<string[]>('KEYS', '*') : [];
    return [...databases.map(({ datname }) => `database ${datname}`), ...keys.map((key) => `Redis key ${key}`)];
  }
}

async function seed(count: string, env: Record<string, string>): Promise<void> {
  const { code, output } = await runStrata('cli/seed.js', ['--count', count], env);
  if (code !== 0) throw new Error(`The products could not be made:\n${output}`);
}
