export interface ProductState {
  id: number;
  price: number;
  stock: number;
  rating: number;
  category: string;
}

/** All that one writer owns, after one of its writes. No other writer writes it, so its versions are in one order. */
export interface State {
  products: ProductState[];
  watched: number[];
}

interface Version {
  state: State;
  how: string;
  /** Before the write was sent: no earlier read can show it. */
  startedAt: number;
  /** From then on no read may begin and show what was before. */
  bindingAt: number;
}

/** What one response said about one writer's things. */
export interface Observation {
  what: string;
  sentAt: number;
  receivedAt: number;
  seen: string;
  /** What it should have said of a state. */
  of: (state: State) => string;
}

export interface Violation {
  observation: string;
  /** `performance.now()` at which the read was sent. */
  sentAt: number;
  /** What had broken in the seconds before. */
  faults?: string[];
  staleMs: number;
  history: string[];
}

const SHOWN = 4;

/** One writer's versions, and the check of what readers saw against them. */
export class History {
  private versions: Version[];
  private pending: Observation[] = [];
  readonly staleness: number[] = [];
  readonly violations: Violation[] = [];

  constructor(first: State) {
    this.versions = [{ state: first, how: 'the beginning', startedAt: -Infinity, bindingAt: -Infinity }];
  }

  get current(): State {
    return this.versions.at(-1)!.state;
  }

  /** Every product that a response may still show: the present ones, and those that were deleted a short while ago. */
  get ids(): number[] {
    return [...new Set(this.versions.flatMap(({ state }) => state.products.map(({ id }) => id)))];
  }

  wrote(version: Version): void {
    this.versions.push(version);
  }

  saw(observation: Observation): void {
    this.pending.push(observation);
  }

  /** Judges the responses from before `settled`: by then every write that it could have seen is in the history. */
  judge(settled: number, allowedMs: number): void {
    const due = this.pending.filter(({ receivedAt }) => receivedAt < settled);
    this.pending = this.pending.filter(({ receivedAt }) => receivedAt >= settled);
    for (const observation of due) this.judgeOne(observation, allowedMs);
    // What was superseded this long ago would be a violation whenever it is seen: nothing is lost by forgetting it.
    const keep = this.versions.findLastIndex(({ bindingAt }) => bindingAt < settled - 20_000);
    if (keep > 0) this.versions = this.versions.slice(keep);
  }

  private judgeOne(observation: Observation, allowedMs: number): void {
    const { sentAt, receivedAt, seen, of } = observation;
    const index = this.versions.findLastIndex(({ startedAt, state }) => startedAt <= receivedAt && of(state) === seen);
    const superseded = this.versions[index + 1]?.bindingAt ?? Infinity;
    const staleMs = index < 0 ? Infinity : Math.max(0, sentAt - superseded);
    this.staleness.push(staleMs);
    if (staleMs > allowedMs) this.violations.push(this.explain(observation, staleMs, index));
  }

  private explain({ what, sentAt, receivedAt, seen, of }: Observation, staleMs: number, index: number): Violation {
    const around = index < 0 ? this.versions.slice(-SHOWN) : this.versions.slice(index, index + SHOWN);
    return {
      observation: `${what}, sent at ${sentAt.toFixed(1)}, response at ${receivedAt.toFixed(1)}: ${seen}`,
      sentAt,
      staleMs,
      history: around.map(
        ({ how, startedAt, bindingAt, state }) =>
          `${how}, sent ${startedAt.toFixed(1)}, binding ${bindingAt.toFixed(1)}: ${of(state)}`,
      ),
    };
  }
}
