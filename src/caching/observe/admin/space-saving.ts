interface Counter {
  readonly name: string;
  count: number;
}

export interface Counted {
  readonly name: string;
  /** Never below the true count; above it by at most the smallest counter at the time the name took it over. */
  readonly count: number;
}

/** Sampling rate for names without a counter: one in this many is counted, with this weight. */
const NEWCOMERS = 8;

/**
 * The most frequent of unboundedly many names in fixed memory (Metwally, Agrawal, El Abbadi: "Space-Saving", 2005): a name
 * without a counter takes over the smallest one. A counted name costs one Map lookup and most others only that lookup,
 * so every hit can be counted.
 */
export class SpaceSaving {
  private readonly counters = new Map<string, Counter>();
  private newcomers = 0;
  /** No count is below it: the search for the smallest ends where it is met. */
  private floor = 0;

  /** @param size number of counters; a name with more than 1/size of all counts is never missed */
  constructor(private readonly size: number) {}

  add(name: string): void {
    const counter = this.counters.get(name);
    if (counter) counter.count += 1;
    else if (this.counters.size < this.size) this.counters.set(name, { name, count: 1 });
    else if (++this.newcomers % NEWCOMERS === 0) this.takeOver(name);
  }

  /** Most frequent first. */
  top(most = this.size): Counted[] {
    const counted = [...this.counters.values()].map(({ name, count }) => ({ name, count }));
    return counted.sort((a, b) => b.count - a.count).slice(0, most);
  }

  count(name: string): number {
    return this.counters.get(name)?.count ?? 0;
  }

  /** Halves all counts, so that recent activity outweighs old activity. */
  fade(): void {
    for (const [name, counter] of this.counters) {
      counter.count = Math.floor(counter.count / 2);
      if (counter.count === 0) this.counters.delete(name);
    }
    this.floor = 0;
  }

  private takeOver(name: string): void {
    let smallest: Counter | undefined;
    for (const counter of this.counters.values()) {
      if (smallest === undefined || counter.count < smallest.count) smallest = counter;
      if (smallest.count === this.floor) break;
    }
    if (!smallest) return;
    this.floor = smallest.count;
    this.counters.delete(smallest.name);
    this.counters.set(name, { name, count: smallest.count + NEWCOMERS });
  }
}
