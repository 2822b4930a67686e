/** Buckets to a doubling: what is told is at most 4.5 % off. */
const STEPS = 16;
/** Milliseconds at the lower end of the first bucket, about 1 µs; the last one begins at 65 s. */
const LEAST = 2 ** -10;
const BUCKETS = 26 * STEPS;

/** Durations in logarithmic buckets: fixed memory, and percentiles of whatever comes. */
export class LatencyHistogram {
  /** Milliseconds, all together. */
  sum = 0;
  private readonly buckets = new Uint32Array(BUCKETS);
  private total = 0;

  /** @param ms how long it took */
  add(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(ms, LEAST) / LEAST) * STEPS);
    this.buckets[Math.min(bucket, BUCKETS - 1)]! += 1;
    this.total += 1;
    this.sum += ms;
  }

  get count(): number {
    return this.total;
  }

  /** Milliseconds that the share `q` of all stayed within; null: nothing came. */
  percentile(q: number): number | null {
    if (this.total === 0) return null;
    let left = Math.max(1, Math.ceil(q * this.total));
    const bucket = this.buckets.findIndex((count) => (left -= count) <= 0);
    return LEAST * 2 ** ((bucket + 0.5) / STEPS);
  }

  /** How many stayed below each bound. @param bounds milliseconds, ascending, powers of two: there the buckets of this class end */
  below(bounds: readonly number[]): number[] {
    let [bucket, count] = [0, 0];
    return bounds.map((bound) => {
      const end = Math.round(Math.log2(bound / LEAST) * STEPS);
      while (bucket < end) count += this.buckets[bucket++]!;
      return count;
    });
  }

  /** Adds what another has counted. */
  include(other: LatencyHistogram): void {
    other.buckets.forEach((count, bucket) => void (this.buckets[bucket]! += count));
    this.total += other.total;
    this.sum += other.sum;
  }
}
