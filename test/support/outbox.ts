import { Client } from 'pg';
import { createOutbox, watchTable, type WatchOptions } from '../../src/caching';
import { type Backend, postgresAlone } from './backends';
import { needs } from './needs';
import type { SqlRunner } from '../../src/caching/write/capture/outbox-table';

export type Row = Record<string, string | null>;
export type Change = [Row | null, Row | null];

export interface Recorded {
  table: string;
  operation: string;
  changes: Change[] | null;
}

/** One connection to a database with an outbox, for claims about what the triggers record. */
export class Outbox {
  private constructor(
    readonly db: Client,
    readonly url: string,
  ) {}

  static async open(url: string): Promise<Outbox> {
    const db = new Client({ connectionString: url });
    await db.connect();
    const outbox = new Outbox(db, url);
    await createOutbox(outbox.runner);
    return outbox;
  }

  get runner(): SqlRunner {
    return { query: async (text: string): Promise<unknown> => (await this.db.query(text)).rows };
  }

  async sql<T = Row>(text: string): Promise<T[]> {
    return (await this.db.query(text)).rows as T[];
  }

  /** The first row. */
  async one<T>(text: string): Promise<T> {
    return (await this.sql<T>(text))[0]!;
  }

  watch(options: WatchOptions): Promise<void> {
    return watchTable(this.runner, options);
  }

  /** What `statement` leaves in the outbox, which is emptied before. */
  async recorded(statement: string): Promise<Recorded[]> {
    await this.sql('DELETE FROM cache_outbox');
    await this.sql(statement);
    return this.records();
  }

  records(): Promise<Recorded[]> {
    return this.sql('SELECT table_name AS "table", operation, changes FROM cache_outbox ORDER BY id');
  }

  async close(): Promise<void> {
    await this.db.end();
  }
}

/** An outbox in a database of the suite's own. @param prepare runs once, before the first test */
export function useOutbox(prepare?: (outbox: Outbox) => Promise<unknown>): () => Outbox {
  let backend: Backend;
  let outbox: Outbox;
  needs('postgres');
  beforeAll(async () => {
    backend = await postgresAlone();
    outbox = await Outbox.open(backend.env.DATABASE_URL!);
    await prepare?.(outbox);
  });
  afterAll(async () => {
    await outbox.close();
    await backend.dispose();
  });
  return () => outbox;
}
