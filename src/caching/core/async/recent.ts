/** Caches one computed value for `maxAge`. Concurrent callers share the computation, its failure included. */
export class Recent<T> {
  private value: Promise<T> | undefined;
  private at = -Infinity;

  /** @param maxAge milliseconds since the last computation started */
  constructor(private readonly maxAge: number) {}

  get(compute: () => Promise<T>): Promise<T> {
    const now = performance.now();
    if (this.value && now - this.at < this.maxAge) return this.value;
    this.at = Infinity;
    this.value = compute().finally(() => (this.at = now));
    return this.value;
  }
}
