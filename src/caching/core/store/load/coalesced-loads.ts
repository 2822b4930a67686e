import type { CacheEventBus } from '../../../caching.events';
import { type Waiter, Waiters } from '../../async/waiters';
import type { CacheResult } from '../entry';
import type { Freshness, ReadSnapshot } from '../freshness';

/** A running load, and what the node knew when it began. */
export interface Flight {
  readonly result: Promise<CacheResult>;
  readonly began: ReadSnapshot;
  readonly waiters: Waiters;
}

/** Loads a value for the callers that wait for it. */
export type Load = (waiters: Waiters) => Promise<CacheResult>;

/** How a flight ended. */
export type Settled = { readonly result: CacheResult } | { readonly error: unknown };

/** How the load of each of many keys ended. */
export type Outcomes = Map<string, Settled>;

/** Single flight (request coalescing): one load of a key at a time in this process, shared where Law 5 allows it. */
export class CoalescedLoads {
  private readonly flights = new Map<string, Flight>();

  constructor(
    private readonly freshness: Freshness,
    private readonly events: CacheEventBus,
    /** The rule of Law 5. Only the test that proves the rule necessary replaces it. */
    private readonly mayShare: typeof mayShareResult = mayShareResult,
  ) {}

  isRunning(key: string): boolean {
    return this.flights.has(key);
  }

  /** Starts a load. Other callers can join it until it ends or is abandoned. @param waiter undefined: it is never abandoned */
  start(key: string, load: Load, waiter?: Waiter): Promise<CacheResult> {
    const began = this.freshness.snapshot();
    const waiters = new Waiters(waiter);
    const end = (): void => {
      waiters.end();
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    const flight: Flight = { result: load(waiters).finally(end), began, waiters };
    if (waiters.hasLeft) return flight.result;
    waiters.onLeave(end);
    this.flights.set(key, flight);
    return flight.result;
  }

  /**
   * The same for many keys that have no running load, as one load: it is abandoned when no caller waits for any of them.
   * @param load must not reject, and has an outcome for each key
   */
  startMany(
    keys: readonly string[],
    load: (waiters: Waiters) => Promise<Outcomes>,
    waiter: Waiter | undefined,
  ): Promise<Outcomes> {
    const began = this.freshness.snapshot();
    const waiters = new Waiters(waiter);
    const end = (): void => {
      waiters.end();
      for (const [key, flight] of flights) if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    const outcomes = load(waiters).finally(end);
    const flights = keys.map((key) => [key, new PartOfFlight(key, outcomes, began, waiters)] as const);
    if (waiters.hasLeft) return outcomes;
    waiters.onLeave(end);
    for (const [key, flight] of flights) this.flights.set(key, flight);
    return outcomes;
  }

  /**
   * Joins the running load of `key` if Law 5 allows it, else a load that began after the reader arrived.
   * A result that may not be stored may be private to its caller, so it is never shared.
   * @param fill loads for all waiting readers @param loadAlone loads for this reader only @param waiter the reader
   * @throws what the load throws
   */
  async join(
    key: string,
    arrival: ReadSnapshot,
    fill: Load,
    loadAlone: Load,
    waiter: Waiter | undefined,
  ): Promise<CacheResult> {
    const running = this.flights.get(key);
    if (!running) return this.start(key, fill, waiter);
    running.waiters.join(waiter);
    const outcome = await settled(running);
    const isPrivate = 'result' in outcome && !outcome.result.stored;
    if (!isPrivate && this.mayShare(outcome, running, arrival, this.freshness)) {
      return this.collapsed(resultOf(outcome));
    }
    // A load that began after this reader arrived is no older than what the reader knew.
    const next = this.flights.get(key);
    if (!next) return this.start(key, fill, waiter);
    next.waiters.join(waiter);
    const result = await next.result;
    return result.stored ? this.collapsed(result) : loadAlone(new Waiters(waiter));
  }

  private collapsed(result: CacheResult): CacheResult {
    this.events.emit('collapsed', result.entry.key);
    return { ...result, collapsed: true };
  }
}

/** One key of a load of many. Most are never joined, so none has a promise of its own until then. */
class PartOfFlight implements Flight {
  constructor(
    private readonly key: string,
    private readonly outcomes: Promise<Outcomes>,
    readonly began: ReadSnapshot,
    readonly waiters: Waiters,
  ) {}

  get result(): Promise<CacheResult> {
    return this.outcomes.then((outcomes) => resultOf(outcomes.get(this.key)!));
  }
}

/** @throws what the load threw */
export function resultOf(outcome: Settled): CacheResult {
  if ('error' in outcome) throw outcome.error;
  return outcome.result;
}

function settled(flight: Flight): Promise<Settled> {
  return flight.result.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
}

/**
 * Law 5. A reader with no newer clock information than the load had at its start shares its outcome, a failure too. Any
 * other reader shares a value only if it is fresh by what the reader knew, and grace only while the source is backing off.
 * Such a reader never shares a rejection: it describes the source before a write that the reader knows of.
 */
export function mayShareResult(outcome: Settled, flight: Flight, arrival: ReadSnapshot, freshness: Freshness): boolean {
  if ('error' in outcome) return knewAsMuch(flight.began, arrival);
  const { result } = outcome;
  if (result.outcome === 'grace') return freshness.isBackingOff(result.entry, arrival);
  return knewAsMuch(flight.began, arrival) || freshness.mayServe(result.entry, arrival);
}

/** A load that began after the reader arrived is no older than what the reader knew. */
function knewAsMuch(began: ReadSnapshot, arrival: ReadSnapshot): boolean {
  return began.order > arrival.order || (arrival.confirmed && began.version === arrival.version);
}
