import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { PROMISES, QUALITIES, Shelf, SHELVES } from './shelves';

export interface SeedProduct {
  name: string;
  /** Decimal text, as numeric columns take it. */
  price: string;
  description: string;
  category: string;
  stock: number;
  rating: string;
  createdAt: string;
}

/** The newest product's day. Fixed, or the same seed would make another catalogue tomorrow. */
const NEWEST = Date.UTC(2026, 0, 1);
const TWO_YEARS = 2 * 365 * 24 * 60 * 60 * 1000;
const TOTAL_SHARE = SHELVES.reduce((sum, shelf) => sum + shelf.share, 0);

/**
 * An endless catalogue that is the same for the same seed: prices spread evenly over their orders of magnitude, ratings
 * lean to the good side with about a fifth at 4.5 or more, one product in twelve is sold out, dates cover two years.
 */
export function* generateProducts(seed: number): Generator<SeedProduct, never> {
  const random = xoroshiro128plus(seed);
  const integer = (from: number, to: number): number => uniformInt(random, from, to);
  const fraction = (): number => integer(0, 999_999) / 1_000_000;
  const pick = <T>(items: readonly T[]): T => items[integer(0, items.length - 1)] as T;

  for (let number = 1; ; number++) {
    const shelf = shelfAt(integer(1, TOTAL_SHARE));
    const kind = pick(shelf.kinds);
    const [lowest, highest] = shelf.cents;
    yield {
      name: `${pick(QUALITIES)} ${kind} ${number}`,
      price: (Math.round(lowest * (highest / lowest) ** fraction()) / 100).toFixed(2),
      description: `${kind} from our ${shelf.category} shelf. ${pick(PROMISES)}`,
      category: shelf.category,
      stock: integer(1, 12) === 1 ? 0 : integer(1, 500),
      rating: (4.95 - 3.9 * fraction() ** 1.35).toFixed(2),
      createdAt: new Date(NEWEST - Math.floor(fraction() * TWO_YEARS)).toISOString(),
    };
  }
}

function shelfAt(position: number): Shelf {
  let passed = 0;
  for (const shelf of SHELVES) {
    passed += shelf.share;
    if (position <= passed) return shelf;
  }
  throw new RangeError(`No shelf at ${position} of ${TOTAL_SHARE}`);
}
