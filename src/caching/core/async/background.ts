/** Background work: no caller waits for it, but shutdown does. */
export class Background {
  private readonly running = new Set<Promise<unknown>>();

  /** Registers `work`, which must not reject: no caller would see the error. */
  track(work: Promise<unknown>): void {
    const tracked: Promise<unknown> = work.finally(() => this.running.delete(tracked));
    this.running.add(tracked);
  }

  /** Resolves when nothing is running. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }
}
