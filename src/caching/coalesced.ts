/**
 * One running, one waiting: however many ask at once, the work runs at most twice, never side by side, and whoever
 * asks gets an answer that began **after** they asked. So an answer may stand for every question it was given to.
 */
export class Coalesced<T> {
  private running?: Promise<T>;
  private waiting?: Promise<T>;

  constructor(private readonly work: () => Promise<T>) {}

  run(): Promise<T> {
    if (!this.running) return this.begin();
    this.waiting ??= this.running.then(noop, noop).then(() => {
      this.waiting = undefined;
      return this.running ?? this.begin();
    });
    return this.waiting;
  }

  private begin(): Promise<T> {
    const run = this.work().finally(() => {
      this.running = undefined;
    });
    this.running = run;
    return run;
  }
}

function noop(): void {}
