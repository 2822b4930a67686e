import type { ReadSnapshot, Freshness } from '../freshness';
import type { CacheResult } from '../entry';

/** One load in progress, and what was known when it began. */
export interface Flight {
  readonly result: Promise<CacheResult>;
  readonly began: ReadSnapshot;
}

/** How a flight ended. */
export type Settled = { readonly result: CacheResult } | { readonly error: unknown };

export function settled(flight: Flight): Promise<Settled> {
  return flight.result.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
}

/** At most one load of a key at a time in this process. */
export class SingleFlight {
  private readonly flights = new Map<string, Flight>();

  get(key: string): Flight | undefined {
    return this.flights.get(key);
  }

  /** Begins a load now; others find it under `key` until it ends. */
  begin(key: string, began: ReadSnapshot, run: () => Promise<CacheResult>): Flight {
    const result = run().finally(() => this.flights.delete(key));
    const flight = { result, began };
    this.flights.set(key, flight);
    return flight;
  }
}

/**
 * Law 5: who joins a load that began before it came takes what comes of it only if that stands by what it knew on
 * arrival. If it knew no more than the load did, all of it stands, a failure too. Otherwise a value has to be fresh;
 * a result of grace, and a rejection, say what the source was like before something that this reader knows of.
 */
export function mayShareResult(landed: Settled, flight: Flight, arrival: ReadSnapshot, freshness: Freshness): boolean {
  if ('error' in landed) return knewAsMuch(flight.began, arrival);
  const { result } = landed;
  if (result.outcome === 'grace') return freshness.mayRest(result.entry, arrival);
  return knewAsMuch(flight.began, arrival) || freshness.mayServe(result.entry, arrival);
}

/** A load that began after the reader came is no older than what the reader knew. */
function knewAsMuch(began: ReadSnapshot, arrival: ReadSnapshot): boolean {
  return began.order > arrival.order || (arrival.confirmed && began.version === arrival.version);
}
