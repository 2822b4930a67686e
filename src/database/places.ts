/** A bounded number of places, and a queue for them in order of arrival. */
export class Places {
  /** In order of arrival: a Set keeps it, and lets one leave from the midst. */
  private readonly waiting = new Set<() => void>();

  /** @param free places @param queue longest that there may be */
  constructor(
    private free: number,
    private readonly queue: number,
  ) {}

  /** Takes a place, waiting for one no longer than `patience` ms. @returns whether it has one; then `leave` gives it back */
  enter(patience: number): Promise<boolean> {
    if (this.free > 0) {
      this.free -= 1;
      return Promise.resolve(true);
    }
    if (this.waiting.size >= this.queue || patience <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiting.delete(take);
        resolve(false);
      }, patience);
      const take = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      this.waiting.add(take);
    });
  }

  leave(): void {
    const [next] = this.waiting;
    if (!next) {
      this.free += 1;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}
