/** Resolves the callers of a run before its work has ended. The rest of the work only delays the next run. */
export type Resolve<T> = (value: T) => void;

interface Run<T> {
  hasBegun: boolean;
  readonly resolved: Promise<T>;
  /** Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * Coalesces concurrent calls: at most one run is active and one is waiting. Every caller gets the result of a run that
 * began **after** the call, so a shared result is never older than the call. A run begins at the end of the event-loop turn
 * of the first call, and all calls of that turn share it.
 */
export class Coalesced<T> {
  private running?: Run<T>;
  private waiting?: Promise<T>;

  constructor(private readonly work: (resolve: Resolve<T>) => Promise<T>) {}

  run(): Promise<T> {
    const { running } = this;
    if (!running) return this.begin().resolved;
    if (!running.hasBegun) return running.resolved;
    this.waiting ??= running.ended.then(() => {
      this.waiting = undefined;
      return (this.running ?? this.begin()).resolved;
    });
    return this.waiting;
  }

  /** Resolves when the current run has ended. */
  async idle(): Promise<void> {
    await this.running?.ended;
  }

  private begin(): Run<T> {
    let resolveEarly!: Resolve<T>;
    const early = new Promise<T>((resolve) => (resolveEarly = resolve));
    const worked = endOfTurn().then(() => {
      run.hasBegun = true;
      return this.work(resolveEarly);
    });
    const end = (): void => void (this.running = undefined);
    const run: Run<T> = { hasBegun: false, ended: worked.then(end, end), resolved: Promise.race([early, worked]) };
    return (this.running = run);
  }
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
