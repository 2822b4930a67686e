import type { Fault } from './fault';
import { NODE_FAULTS } from './nodes';
import { POSTGRES_FAULTS } from './postgres';
import { REDIS_FAULTS } from './redis';

export const FAULTS: readonly Fault[] = [...NODE_FAULTS, ...POSTGRES_FAULTS, ...REDIS_FAULTS];

/** Faults in random order, each once before any comes again. */
export class Deck {
  private left: Fault[] = [];

  /** @param only names that must contain one of these; empty: all */
  constructor(
    private readonly random: () => number,
    only: readonly string[] = [],
  ) {
    this.all = FAULTS.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
    if (this.all.length === 0) throw new RangeError(`no fault is called ${only.join(', ')}`);
  }

  private readonly all: readonly Fault[];

  draw(): Fault {
    if (this.left.length === 0) this.left = [...this.all];
    return this.left.splice(Math.floor(this.random() * this.left.length), 1)[0]!;
  }
}
