import type { ClientBase, QueryResult } from 'pg';
import type { StampInstant } from '../../core/clock/tag-clock';
import type { BatchStart } from './write-through';
import { BEGIN, BEGIN_BORROWED, type BatchLimits, type OutboxCursor, several, type TakenRecord } from './outbox';

/** The records stay where they are: what they say is not yet known to the clock. */
export class StuckError extends Error {
  constructor(
    /** Age of the oldest record in milliseconds. */
    readonly oldestMs: number,
    cause: unknown,
  ) {
    super('the outbox could not be drained', { cause });
  }
}

/** A batch that is stamped. */
export interface Stamped {
  readonly at: StampInstant;
  /** SQL for the transaction that deletes the records. */
  readonly extra: string;
}

/** What a batch becomes. */
export interface BatchTarget {
  /** Called before records are taken. */
  begin?(): BatchStart;
  /** Stamps what the records say. @param start what `begin` returned @param isFull the batch was cut short */
  stamp(records: readonly TakenRecord[], start: BatchStart | undefined, isFull: boolean): Promise<Stamped>;
  /** Stamps whatever any record could say, those that wait included. */
  stampEverything(seen: readonly TakenRecord[]): Promise<StampInstant>;
}

/** How one run of the drain goes. */
export interface DrainRun {
  readonly client: ClientBase;
  readonly cursor: OutboxCursor;
  /** The session was made ready by `prepareDrains`. */
  readonly prepared: boolean;
  /** SQL that runs in the first round trip. */
  readonly check?: string;
  /** Called with the result of `check`, before anything is stamped. */
  readonly checked?: (result: QueryResult | undefined) => void;
  /**
   * Called when everything that was committed before the run is stamped; the last commit is still to come.
   * @param at the last stamp of the run; undefined: there was nothing to stamp
   */
  readonly stamped: (at: StampInstant | undefined) => void;
}

interface Batch {
  readonly records: readonly TakenRecord[];
  readonly isFull: boolean;
  readonly at: StampInstant | undefined;
}

const MOST: BatchLimits = { records: 200, bytes: 1_000_000 };
const LEAST: BatchLimits = { records: 1, bytes: 1_000 };
/** Milliseconds after which those who wait no longer wait for records that are not theirs. */
const BACKLOG_AFTER = 100;
/** Ended by the server: a statement's own deadline, an idle transaction's. */
const TIMEOUTS: readonly unknown[] = ['57014', '25P03'];

/** Takes batch by batch, each stamped inside the transaction that deletes its records: if the stamp fails they stay. */
export class Batches {
  private limits: BatchLimits;

  /** @param most bounds of one batch */
  constructor(
    private readonly target: BatchTarget,
    private readonly most: BatchLimits = MOST,
  ) {
    this.limits = most;
  }

  /**
   * Law 4: records are committed, so their writers' transactions were.
   * @returns how many were taken, and whether more wait
   * @throws StuckError when they could not be stamped; what the driver throws
   */
  async run(run: DrainRun): Promise<{ count: number; more: boolean }> {
    const startedAt = performance.now();
    let { check } = run;
    let at: StampInstant | undefined;
    for (let count = 0; ;) {
      const batch = await this.take(run, check, at);
      check = undefined;
      at = batch.at;
      count += batch.records.length;
      if (!batch.isFull) return { count, more: false };
      if (performance.now() - startedAt < BACKLOG_AFTER) continue;
      // Nothing that is cached outlives this stamp, so the writers of all that waits may go on.
      run.stamped(await this.target.stampEverything(batch.records));
      return { count, more: true };
    }
  }

  /** The last batch took too long: the next one is smaller, so that no record keeps the others waiting for ever. */
  halve(): void {
    const { records, bytes } = this.limits;
    this.limits = {
      records: Math.max(LEAST.records, Math.floor(records / 2)),
      bytes: Math.max(LEAST.bytes, Math.floor(bytes / 2)),
    };
  }

  /** @param before the last stamp of the run so far */
  private async take(run: DrainRun, check?: string, before?: StampInstant): Promise<Batch> {
    const { client, cursor, prepared } = run;
    const { limits } = this;
    try {
      const begin = prepared ? BEGIN : BEGIN_BORROWED;
      const start = this.target.begin?.();
      const taken = await several(client, `${check ? `${check}; ` : ''}${begin}; ${cursor.takes(limits, prepared)}`);
      if (check) run.checked?.(taken[0]);
      const records = (taken.at(-1)?.rows ?? []) as TakenRecord[];
      const isFull = fills(records, limits);
      const stamped = records.length > 0 ? await this.stamp(records, start, isFull) : undefined;
      const at = stamped?.at ?? before;
      const committed = client.query(`${stamped?.extra ?? ''}COMMIT`);
      if (!isFull) run.stamped(at);
      await committed;
      cursor.passed(records);
      this.grow();
      return { records, isFull, at };
    } catch (error) {
      if (isTimeout(error)) this.halve();
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  private grow(): void {
    const { records, bytes } = this.limits;
    if (records === this.most.records && bytes === this.most.bytes) return;
    this.limits = { records: Math.min(this.most.records, 2 * records), bytes: Math.min(this.most.bytes, 2 * bytes) };
  }

  private async stamp(
    records: readonly TakenRecord[],
    start: BatchStart | undefined,
    isFull: boolean,
  ): Promise<Stamped> {
    try {
      return await this.target.stamp(records, start, isFull);
    } catch (error) {
      throw new StuckError(Math.max(...records.map(({ age }) => Number(age))), error);
    }
  }
}

/** Whether a batch was cut short: by its number of records, or by their bytes. */
function fills(records: readonly TakenRecord[], limits: BatchLimits): boolean {
  if (records.length >= limits.records) return true;
  return records.reduce((sum, { size }) => sum + Number(size), 0) >= limits.bytes;
}

function isTimeout(error: unknown): boolean {
  return TIMEOUTS.includes((error as { code?: unknown } | undefined)?.code);
}
