/** Zipf's law with s = 1: the second is asked for half as often as the first, the third a third as often. */
export class Popularity<T> {
  private readonly reached: number[] = [];
  private readonly total: number;

  /** @param items the most popular first */
  constructor(
    readonly items: readonly T[],
    private readonly random: () => number,
  ) {
    let sum = 0;
    for (let rank = 1; rank <= items.length; rank += 1) this.reached.push((sum += 1 / rank));
    this.total = sum;
  }

  next(): T {
    const at = this.random() * this.total;
    let [low, high] = [0, this.items.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.reached[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return this.items[low]!;
  }
}

/** Fisher and Yates. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}
