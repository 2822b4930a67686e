interface Counter {
  readonly name: string;
  count: number;
}

export interface Counted {
  readonly name: string;
  /** At least what it was counted; at most too much by what the smallest counter had when it came. */
  readonly count: number;
}

/** Of names that have no counter yet, one in so many is looked at, and counts for all of them. */
const NEWCOMERS = 8;

/**
 * The most frequent of ever so many names, in fixed memory (Metwally, Agrawal, El Abbadi: "Space-Saving", 2005): a name
 * without a counter takes over the smallest. Names with a counter cost one look into a Map, and of the others most cost nothing
 * but that: so it can count every hit.
 */
export class SpaceSaving {
  private readonly counters = new Map<string, Counter>();
  private newcomers = 0;

  /** @param size how many names have a counter; those above 1/size of the whole are never missed */
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

  /** Halves all counts, so that what was frequent once makes room for what is now. */
  fade(): void {
    for (const [name, counter] of this.counters) {
      counter.count = Math.floor(counter.count / 2);
      if (counter.count === 0) this.counters.delete(name);
    }
  }

  private takeOver(name: string): void {
    let smallest: Counter | undefined;
    for (const counter of this.counters.values()) {
      if (smallest === undefined || counter.count < smallest.count) smallest = counter;
    }
    if (!smallest) return;
    this.counters.delete(smallest.name);
    this.counters.set(name, { name, count: smallest.count + NEWCOMERS });
  }
}
