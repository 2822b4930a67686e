import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Peer } from './peers/peers';
import { pin, type Program, SERVER_CORE, startProgram } from './processes';
import { type Catalogues } from './catalogues';
import { startStrata } from '../test/support/strata-process';

export interface Node extends Program {
  /** Its environment, to start a second one beside it. */
  env: Record<string, string>;
}

let prefixes = 0;

/** Opens databases and servers for one step, and closes all of them at its end, the last one first. */
export class Lab {
  private readonly closing: (() => unknown)[] = [];
  /** As many start at the same time as there are lanes: more would only keep each other from it. */
  private readonly lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  private started = 0;

  constructor(
    private readonly catalogues: Catalogues,
    /** A Redis for this run. */
    readonly redisUrl: string,
  ) {}

  /** A catalogue of its own with this many products. @param dist of another checkout @returns its URL */
  async database(rows: number, dist?: string): Promise<string> {
    const { url, drop } = await this.catalogues.copy(rows, dist);
    this.closeLater(drop);
    return url;
  }

  /** The environment of nodes that belong together: one database, one Redis, one prefix that no other node uses. */
  settings(databaseUrl: string): Record<string, string> {
    return {
      DATABASE_URL: databaseUrl,
      REDIS_URL: this.redisUrl,
      CACHE_PREFIX: `bench-${process.pid}-${(prefixes += 1)}`,
    };
  }

  /** A node of Strata on the servers' core. @param dist of another checkout */
  async strata(env: Record<string, string>, dist?: string): Promise<Node> {
    const node = await this.inTurn(() => startStrata({ NODE_ENV: 'production', ...env }, dist));
    const pid = node.child.pid!;
    this.closeLater(node.stop);
    pin(pid, SERVER_CORE);
    return { url: node.url, pid, stop: async () => void (await node.stop()), env };
  }

  /** Another program of this folder on the servers' core. */
  async program(file: string, env: Record<string, string>): Promise<Program> {
    const program = await this.inTurn(() => startProgram(file, env));
    this.closeLater(program.stop);
    pin(program.pid, SERVER_CORE);
    return program;
  }

  /** Node's bare http server with this body, and the headers that it needs, or these. */
  async raw(body: string, headers: Record<string, string> = {}): Promise<Program> {
    const folder = await mkdtemp(join(tmpdir(), 'strata-bench-'));
    this.closeLater(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'body'), body);
    return this.program('raw.ts', { BODY: join(folder, 'body'), HEADERS: JSON.stringify(headers) });
  }

  peer({ http, cache }: Peer, databaseUrl: string): Promise<Program> {
    return this.program('peers/main.ts', {
      HTTP: http,
      CACHE: cache,
      DATABASE_URL: databaseUrl,
      REDIS_URL: this.redisUrl,
    });
  }

  private inTurn<T>(start: () => Promise<T>): Promise<T> {
    const lane = (this.started += 1) % this.lanes.length;
    const begun = this.lanes[lane]!.then(start);
    this.lanes[lane] = begun.catch(() => undefined);
    return begun;
  }

  closeLater(close: () => unknown): void {
    this.closing.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.closing.splice(0).reverse()) await close();
  }
}
