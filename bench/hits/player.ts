import { createHash } from 'node:crypto';
import { tokenFor } from '../../test/support/client';
import { ask, type Asked } from '../ask';
import { EDITOR } from '../catalogue-requests';
import { catalogueSelects } from '../catalogue-statements';
import type { StatementProxy } from '../statement-proxy';
import type { Line } from './script';

const ADMIN = tokenFor('bench', 'admin');
/** Reads at a time while only caches are warmed: then their order does not matter. */
const AT_ONCE = 8;

export interface Played {
  reads: number;
  writes: number;
  hits: number;
  /** Misses that made the same response as before: an invalidation, or the end of a TTL, that was not needed. */
  needless: number;
  /** Statements that went over the wire, and those of them while something was read. */
  statements: number;
  readStatements: number;
  /** Of each read: its response, in short. */
  responses: string[];
  ms: number;
}

/** One who plays the script, a request at a time, on its nodes in turn. */
export class Player {
  private turn = 0;
  private readonly last = new Map<string, string>();

  constructor(
    readonly name: string,
    private readonly urls: readonly string[],
    private readonly database: StatementProxy,
    /** Nothing is kept, so nothing has to be warmed. */
    private readonly caches = true,
  ) {}

  async warmUp(paths: readonly string[]): Promise<void> {
    if (!this.caches) return;
    this.last.clear();
    await ask(this.url, '/api/cache', { method: 'DELETE', token: ADMIN });
    const waiting = [...paths];
    const reader = async (): Promise<void> => {
      for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
        this.last.set(path, inShort(await ask(this.url, path, { absent: true })));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, reader));
  }

  async play(lines: readonly Line[]): Promise<Played> {
    const { statements } = this.database;
    const [before, began] = [statements.length, performance.now()];
    const counts = { reads: 0, writes: 0, hits: 0, needless: 0, statements: 0, readStatements: 0, ms: 0 };
    const played: Played = { ...counts, responses: [] };
    for (const line of lines) await ('read' in line ? this.read(line.read, played) : this.write(line.write, played));
    return { ...played, statements: statements.length - before, ms: performance.now() - began };
  }

  private async read(path: string, played: Played): Promise<void> {
    const { statements } = this.database;
    const before = statements.length;
    const response = await ask(this.url, path, { absent: true });
    const said = inShort(response);
    played.reads += 1;
    if (response.headers['x-cache'] === 'HIT') played.hits += 1;
    else if (this.last.get(path) === said) played.needless += 1;
    this.last.set(path, said);
    played.readStatements += catalogueSelects(statements.slice(before)).length;
    played.responses.push(said);
  }

  private async write({ method, path, json }: Exclude<Line, { read: string }>['write'], played: Played): Promise<void> {
    await ask(this.url, path, { method, json, token: EDITOR });
    played.writes += 1;
  }

  private get url(): string {
    return this.urls[(this.turn += 1) % this.urls.length]!;
  }
}

/** All databases get the same writes, but not in the same instant; and a problem names its request. */
function inShort({ status, text }: Asked): string {
  const same = text.replace(/"(created_at|updated_at|request_id)":"[^"]*"/g, '');
  return createHash('sha1').update(`${status} ${same}`).digest('base64');
}
