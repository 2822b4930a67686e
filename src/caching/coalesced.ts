/**
 * One running, one waiting: however many ask at once, the work runs at most twice, never side by side, and whoever
 * asks gets an answer that began **after** they asked. So an answer may stand for every question it was given to.
 * It begins at the end of the turn of the event loop in which it was first asked for: all who ask in it share one run.
 */
export class Coalesced<T> {
  private running?: Promise<T>;
  private waiting?: Promise<T>;
  private hasBegun = false;

  constructor(private readonly work: () => Promise<T>) {}

  run(): Promise<T> {
    if (!this.running) return this.begin();
    if (!this.hasBegun) return this.running;
    this.waiting ??= this.running.then(noop, noop).then(() => {
      this.waiting = undefined;
      return this.running ?? this.begin();
    });
    return this.waiting;
  }

  private begin(): Promise<T> {
    this.hasBegun = false;
    this.running = new Promise<T>((resolve, reject) => {
      process.nextTick(() => {
        this.hasBegun = true;
        this.work()
          .finally(() => (this.running = undefined))
          .then(resolve, reject);
      });
    });
    return this.running;
  }
}

function noop(): void {}
