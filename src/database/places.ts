/** A bounded number of places, and a queue for them in order of arrival. */
export class Places {
  /** In order of arrival: a Set keeps it, and lets one leave from the midst. */
  private readonly waiting = new Set<() => void>();

  /** @param free places @param queue longest that there may be */
  constructor(
    private free: number,
    private readonly queue: number,
  ) {}

  /**
   * Takes a place, waiting for one no longer than `patience` ms, or until `signal` aborts.
   * @returns whether it has one; then `leave` gives it back
   */
  enter(patience: number, signal?: AbortSignal): Promise<boolean> {
    if (this.free > 0) {
      this.free -= 1;
      return Promise.resolve(true);
    }
    if (this.waiting.size >= this.queue || patience <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (hasPlace: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        this.waiting.delete(take);
        resolve(hasPlace);
      };
      const take = (): void => end(true);
      const giveUp = (): void => end(false);
      const timer = setTimeout(giveUp, patience);
      signal?.addEventListener('abort', giveUp);
      this.waiting.add(take);
    });
  }

  leave(): void {
    const [next] = this.waiting;
    if (!next) {
      this.free += 1;
      return;
    }
    next();
  }
}
