import type { Cluster } from '../cluster';

/** Something that breaks, and is repaired again. */
export interface Fault {
  /** By this it is counted. */
  readonly name: string;
  /** Resolves when it is repaired. @param random numbers from 0 to 1, from the run's seed */
  readonly strike: (cluster: Cluster, random: () => number) => Promise<void>;
}

export function fault(name: string, strike: Fault['strike']): Fault {
  return { name, strike };
}

/** From 0.2 to 1.4 s: shorter and longer than the bound. */
export function aWhile(random: () => number): number {
  return 200 + random() * 1_200;
}

/** From 0.5 to 4.5 s: longer than every patience. */
export function aLongWhile(random: () => number): number {
  return 500 + random() * 4_000;
}
