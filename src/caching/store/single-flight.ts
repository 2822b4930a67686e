import type { Arrival, Freshness } from './freshness';
import type { CacheResult } from './entry';

/** One load in progress, and what was known when it began. */
export interface Flight {
  readonly result: Promise<CacheResult>;
  readonly began: Arrival;
}

/** At most one load of a key at a time in this process. */
export class SingleFlight {
  private readonly flights = new Map<string, Flight>();

  get(key: string): Flight | undefined {
    return this.flights.get(key);
  }

  /** Begins a load now; others find it under `key` until it ends. */
  begin(key: string, began: Arrival, run: () => Promise<CacheResult>): Flight {
    const result = run().finally(() => this.flights.delete(key));
    const flight = { result, began };
    this.flights.set(key, flight);
    return flight;
  }
}

/**
 * Law 5: who joins a load that began before it came takes the result only if it is fresh by what it knew on arrival.
 * If it learned nothing since the load began, the load knew as much. A result of grace is no claim to be fresh.
 */
export function mayJoin(result: CacheResult, flight: Flight, arrival: Arrival, freshness: Freshness): boolean {
  if (result.outcome === 'grace') return true;
  const learnedNothing = arrival.confirmed && flight.began.version === arrival.version;
  return learnedNothing || freshness.mayServe(result.entry, arrival);
}
