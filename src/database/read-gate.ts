import { Inject, Injectable, Optional } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { ClientBase, Pool } from 'pg';
import { DataSource, QueryRunner } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { Places } from './places';

/** Reads of a kind under way at a time. Each kind has places of its own, so that the dear ones leave room for the cheap. */
const PLACES = { row: 4, list: 3, featured: 2, search: 2, account: 2, summary: 1 };
/** What a read may cost. */
export type ReadKind = keyof typeof PLACES;

/** Gives the signal that aborts when no caller waits for the current read any more: `() => AbortSignal | undefined`. */
export const READ_SIGNAL = Symbol('READ_SIGNAL');
export type ReadSignal = () => AbortSignal | undefined;

/** Reads under way in all; the rest of the pool is for writes and readiness. */
const ALL_PLACES = 6;
/** Longest queue for a place, and longest wait in it, in ms. */
const QUEUE = 2_000;
const PATIENCE = 5_000;
/** Longest that a statement may run, in ms, before it is cancelled; and how long the failure of a search is then reused for the next. */
const DEADLINE = 3_000;
const REMEMBERED_FOR = 10_000;
const REMEMBERED = 1_000;

/** A read was given up before the database said anything wrong. For the cache that is a failure of its source: grace may serve. */
export class ReadRefusedError extends Error {
  /**
   * @param reason `busy`: there was no place; `slow`: a search ran into its deadline; `late`: another read did; `abandoned`: no caller
   *   waits for it
   * @param retryAfter seconds
   */
  constructor(
    readonly reason: 'busy' | 'slow' | 'late' | 'abandoned',
    readonly retryAfter: number,
  ) {
    super(`the read was given up: ${reason}`);
  }
}

/**
 * Bounds what reads by strangers may take of the database: how many run at a time, of each kind and in all, how long each may
 * run, and how often a search that is too slow is tried. A read that no caller waits for any more is cancelled.
 */
@Injectable()
export class ReadGate {
  private readonly all = new Places(ALL_PLACES, QUEUE);
  private readonly kinds = Object.fromEntries(
    Object.entries(PLACES).map(([kind, places]) => [kind, new Places(places, QUEUE)]),
  ) as Record<ReadKind, Places>;
  private readonly slow = new LRUCache<string, true>({ max: REMEMBERED, ttl: REMEMBERED_FOR });

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Optional() @Inject(READ_SIGNAL) private readonly signal: ReadSignal = () => undefined,
  ) {}

  /**
   * Runs `work` on a connection of its own, within the deadline.
   * @param question what is read: the same search is not tried again right after it was too slow
   * @throws ReadRefusedError; whatever `work` throws
   */
  async run<T>(kind: ReadKind, question: unknown, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const key = kind === 'search' ? JSON.stringify(question) : undefined;
    if (key !== undefined && this.slow.has(key)) throw new ReadRefusedError('slow', REMEMBERED_FOR / 1_000);
    const until = performance.now() + PATIENCE;
    const signal = this.signal();
    const [own, all] = [this.kinds[kind], this.all];
    return within(own, until, signal, () => within(all, until, signal, () => this.timed(key, signal, work)));
  }

  /** @param key of what may be too slow by itself. Any other read is late for the state of the database, which changes. */
  private async timed<T>(
    key: string | undefined,
    signal: AbortSignal | undefined,
    work: (runner: QueryRunner) => Promise<T>,
  ): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    let statement: Statement | undefined;
    try {
      const client = (await runner.connect()) as ClientBase;
      if (signal?.aborted) throw new ReadRefusedError('abandoned', 0);
      if (this.canCancel) statement = new Statement(() => this.cancel(client), signal);
      return await work(runner);
    } catch (error) {
      if (statement?.ending === undefined) throw error;
      if (statement.ending === 'abandoned' || key === undefined) throw new ReadRefusedError(statement.ending, 1);
      this.slow.set(key, true);
      throw new ReadRefusedError('slow', REMEMBERED_FOR / 1_000);
    } finally {
      await statement?.end();
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

/** What runs on one connection, until its deadline or until no caller waits for it. */
class Statement {
  /** Why it is being cancelled. */
  ending: 'late' | 'abandoned' | undefined;
  private cancelled: Promise<unknown> | undefined;
  private readonly timer = setTimeout(() => this.cancel('late'), DEADLINE);
  private readonly abandon = (): void => this.cancel('abandoned');

  constructor(
    private readonly send: () => Promise<unknown>,
    private readonly signal: AbortSignal | undefined,
  ) {
    signal?.addEventListener('abort', this.abandon);
  }

  /** The connection is kept until then, or what is cancelled could be the statement of the next one that gets it. */
  async end(): Promise<void> {
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.abandon);
    await this.cancelled;
  }

  private cancel(ending: 'late' | 'abandoned'): void {
    this.ending ??= ending;
    this.cancelled ??= this.send();
  }
}

/** @param until `performance.now()` at which the wait for a place ends @throws ReadRefusedError */
async function within<T>(
  places: Places,
  until: number,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const hasPlace = !signal?.aborted && (await places.enter(until - performance.now(), signal));
  if (!hasPlace) throw new ReadRefusedError(signal?.aborted ? 'abandoned' : 'busy', 1);
  try {
    return await work();
  } finally {
    places.leave();
  }
}
