import { randomFrom } from '../../test/support/random';
import type { Shelf } from './shelf';
import { Shop, type Write } from './shop';
import { Shoppers } from './shoppers';

export type Line = { read: string } | { write: Write };

/** With so many writes in a hundred requests: first what only warms caches up, then what counts, in as many blocks as there are rounds. */
export interface Act {
  writes: number;
  warmUp: string[];
  blocks: Line[][];
}

const SEED = 20_260_101;

export interface Lengths {
  warmUp: number;
  /** Of one block. */
  requests: number;
  rounds: number;
}

/** The same requests in the same order for every service; acts follow one another on one catalogue. */
export function scriptFor(shelf: Shelf, shares: readonly number[], { warmUp, requests, rounds }: Lengths): Act[] {
  const random = randomFrom(SEED);
  const shoppers = new Shoppers(shelf, random);
  const shop = new Shop(shelf, shoppers, random);
  const line = (share: number): Line => (random() < share / 100 ? { write: shop.next() } : { read: shoppers.next() });
  return shares.map((writes) => ({
    writes,
    warmUp: times(warmUp, () => shoppers.next()),
    blocks: times(rounds, () => times(requests, () => line(writes))),
  }));
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
