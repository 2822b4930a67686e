/** Answers those who asked before the work has ended: what is left of it concerns only whoever asks next. */
export type Answer<T> = (value: T) => void;

interface Run<T> {
  hasBegun: boolean;
  readonly answered: Promise<T>;
  /** Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * One running, one waiting: however many ask at once, the work runs at most twice, never side by side, and whoever
 * asks gets an answer that began **after** they asked. So an answer may stand for every question it was given to.
 * It begins at the end of the turn of the event loop in which it was first asked for: all who ask in it share one run.
 */
export class Coalesced<T> {
  private running?: Run<T>;
  private waiting?: Promise<T>;

  constructor(private readonly work: (answer: Answer<T>) => Promise<T>) {}

  run(): Promise<T> {
    const { running } = this;
    if (!running) return this.begin().answered;
    if (!running.hasBegun) return running.answered;
    this.waiting ??= running.ended.then(() => {
      this.waiting = undefined;
      return (this.running ?? this.begin()).answered;
    });
    return this.waiting;
  }

  /** Resolves when what was running at the call has ended. */
  async idle(): Promise<void> {
    await this.running?.ended;
  }

  private begin(): Run<T> {
    let answer!: Answer<T>;
    const early = new Promise<T>((resolve) => (answer = resolve));
    const worked = endOfTurn().then(() => {
      run.hasBegun = true;
      return this.work(answer);
    });
    const end = (): void => void (this.running = undefined);
    const run: Run<T> = { hasBegun: false, ended: worked.then(end, end), answered: Promise.race([early, worked]) };
    return (this.running = run);
  }
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
