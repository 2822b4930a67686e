import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { ClientBase, Pool } from 'pg';
import { DataSource, QueryRunner } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { Places } from './places';

/** What a read may cost. Each kind has places of its own, so that the dear ones leave room for the cheap. */
export type ReadKind = 'row' | 'list' | 'search' | 'summary';

/** Reads of a kind under way at a time. */
const PLACES: Record<ReadKind, number> = { row: 4, list: 3, search: 2, summary: 1 };
/** Reads under way in all; the rest of the pool is for writes and readiness. */
const ALL_PLACES = 6;
/** Longest queue for a place, and longest wait in it, in ms. */
const QUEUE = 2_000;
const PATIENCE = 5_000;
/** Longest that a statement may run, in ms, before it is cancelled; and how long its failure is then reused for the next. */
const DEADLINE = 3_000;
const REMEMBERED_FOR = 10_000;
const REMEMBERED = 1_000;

/** A read was given up before the database said anything wrong. */
export class ReadRefusedError extends Error {
  /** @param reason `busy`: there was no place; `slow`: it ran into its deadline @param retryAfter seconds */
  constructor(
    readonly reason: 'busy' | 'slow',
    readonly retryAfter: number,
  ) {
    super(`the read was given up: ${reason}`);
  }
}

/**
 * Bounds what reads by strangers may take of the database: how many run at a time, of each kind and in all, how long each may
 * run, and how often one that is too slow is tried.
 */
@Injectable()
export class ReadGate {
  private readonly all = new Places(ALL_PLACES, QUEUE);
  private readonly kinds = Object.fromEntries(
    Object.entries(PLACES).map(([kind, places]) => [kind, new Places(places, QUEUE)]),
  ) as Record<ReadKind, Places>;
  private readonly slow = new LRUCache<string, true>({ max: REMEMBERED, ttl: REMEMBERED_FOR });

  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /**
   * Runs `work` on a connection of its own, within the deadline.
   * @param question what is asked: the same one is not tried again right after it was too slow
   * @throws ReadRefusedError; whatever `work` throws
   */
  async run<T>(kind: ReadKind, question: unknown, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const key = `${kind}:${JSON.stringify(question)}`;
    if (this.slow.has(key)) throw new ReadRefusedError('slow', REMEMBERED_FOR / 1_000);
    const until = performance.now() + PATIENCE;
    return within(this.kinds[kind], until, () => within(this.all, until, () => this.timed(key, work)));
  }

  private async timed<T>(key: string, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    let cancelled: Promise<unknown> | undefined;
    const cancel = (client: ClientBase): void => void (cancelled = this.cancel(client));
    let timer: NodeJS.Timeout | undefined;
    try {
      const client = (await runner.connect()) as ClientBase;
      if (this.canCancel) timer = setTimeout(cancel, DEADLINE, client);
      return await work(runner);
    } catch (error) {
      if (cancelled === undefined) throw error;
      this.slow.set(key, true);
      throw new ReadRefusedError('slow', REMEMBERED_FOR / 1_000);
    } finally {
      clearTimeout(timer);
      // The connection is kept until then, or what is cancelled could be the statement of the next one that gets it.
      await cancelled;
      await runner.release();
    }
  }

  /** A database of one session (PGlite) receives nothing while it works. */
  private get canCancel(): boolean {
    return this.pool.options.max > 1;
  }

  private get pool(): Pool {
    return (this.dataSource.driver as PostgresDriver).master as Pool;
  }

  /** A role may cancel its own sessions. Behind a pooler the session is not found, and the server's own timeout ends the statement. */
  private cancel(client: ClientBase & { processID?: number }): Promise<unknown> {
    return this.pool.query('SELECT pg_cancel_backend($1)', [client.processID]).catch(() => undefined);
  }
}

/** @param until `performance.now()` at which the wait for a place ends @throws ReadRefusedError */
async function within<T>(places: Places, until: number, work: () => Promise<T>): Promise<T> {
  if (!(await places.enter(until - performance.now()))) throw new ReadRefusedError('busy', 1);
  try {
    return await work();
  } finally {
    places.leave();
  }
}
