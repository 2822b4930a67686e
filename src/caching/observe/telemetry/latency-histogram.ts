/** Buckets per doubling: a reported percentile is at most 4.5 % off. */
const STEPS = 16;
/** Milliseconds at the lower end of the first bucket, about 1 µs; the last one begins at 65 s. */
const LEAST = 2 ** -10;
const BUCKETS = 26 * STEPS;

/** Durations in logarithmic buckets: percentiles in fixed memory. */
export class LatencyHistogram {
  /** Sum in milliseconds. */
  sum = 0;
  private readonly buckets = new Uint32Array(BUCKETS);
  private total = 0;

  /** @param ms duration */
  add(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(ms, LEAST) / LEAST) * STEPS);
    this.buckets[Math.min(bucket, BUCKETS - 1)]! += 1;
    this.total += 1;
    this.sum += ms;
  }

  get count(): number {
    return this.total;
  }

  /** The `q`-quantile in milliseconds; null: no values. */
  percentile(q: number): number | null {
    if (this.total === 0) return null;
    let left = Math.max(1, Math.ceil(q * this.total));
    const bucket = this.buckets.findIndex((count) => (left -= count) <= 0);
    return LEAST * 2 ** ((bucket + 0.5) / STEPS);
  }

  /** Number of values below each bound. @param bounds milliseconds, ascending powers of two, where buckets end */
  below(bounds: readonly number[]): number[] {
    let [bucket, count] = [0, 0];
    return bounds.map((bound) => {
      const end = Math.round(Math.log2(bound / LEAST) * STEPS);
      while (bucket < end) count += this.buckets[bucket++]!;
      return count;
    });
  }

  /** Adds the counts of another histogram. */
  include(other: LatencyHistogram): void {
    other.buckets.forEach((count, bucket) => void (this.buckets[bucket]! += count));
    this.total += other.total;
    this.sum += other.sum;
  }
}
