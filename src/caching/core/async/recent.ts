/** A value that is computed again only when the last one is older than `maxAge`; callers meanwhile share it, failures included. */
export class Recent<T> {
  private value: Promise<T> | undefined;
  private at = -Infinity;

  /** @param maxAge ms, counted from the start of a computation that has ended */
  constructor(private readonly maxAge: number) {}

  get(compute: () => Promise<T>): Promise<T> {
    const now = performance.now();
    if (this.value && now - this.at < this.maxAge) return this.value;
    this.at = Infinity;
    this.value = compute().finally(() => (this.at = now));
    return this.value;
  }
}
