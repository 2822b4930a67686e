import { type Layer, LAYERS } from '../../core/store/key';
import { LatencyHistogram } from './latency-histogram';
import { hitsOf, type Counts, minus, type OutcomeCounters, zero } from './outcome-counters';

/** Milliseconds per point, and the number of points: ten minutes. */
const SLICE = 5_000;
const POINTS = 120;
/** Points that make the last minute. */
const MINUTE = 60_000 / SLICE;

type ByLayer = Record<Layer, Counts>;

interface Slice {
  /** Unix time in ms at its end. */
  readonly at: number;
  readonly counts: ByLayer;
  readonly requests: LatencyHistogram;
}

/** One point of the charts. */
export interface Point {
  /** Unix time in ms. */
  readonly at: number;
  readonly requests: number;
  /** Share of the outermost active layer's reads that needed no load; null: there were no reads. */
  readonly hit_ratio: number | null;
  /** Whole requests, in ms. */
  readonly p50: number | null;
  readonly p99: number | null;
}

/** The last ten minutes in slices of five seconds, in a ring of fixed size. */
export class History {
  private readonly slices: Slice[] = [];
  /** Requests since the start. */
  total = 0;
  private requests = new LatencyHistogram();
  private before: ByLayer;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly tally: OutcomeCounters) {
    this.before = structuredClone(tally.counts);
    this.timer = setInterval(() => this.turn(), SLICE).unref();
  }

  /** @param ms duration of a whole request */
  addRequest(ms: number): void {
    this.total += 1;
    this.requests.add(ms);
  }

  /** Oldest first. */
  points(): Point[] {
    return this.slices.map(point);
  }

  latest(): Point | undefined {
    const slice = this.slices.at(-1);
    return slice && point(slice);
  }

  /** The last minute, including the slice in progress. */
  minute(): { layers: ByLayer; requests: LatencyHistogram } {
    const recent = [...this.slices.slice(1 - MINUTE), { counts: this.since(), requests: this.requests }];
    const requests = new LatencyHistogram();
    for (const slice of recent) requests.include(slice.requests);
    return { layers: byLayer((layer) => recent.map(({ counts }) => counts[layer]).reduce(plus, zero())), requests };
  }

  close(): void {
    clearInterval(this.timer);
  }

  private turn(): void {
    this.slices.push({ at: Date.now(), counts: this.since(), requests: this.requests });
    if (this.slices.length > POINTS) this.slices.shift();
    this.before = structuredClone(this.tally.counts);
    this.requests = new LatencyHistogram();
  }

  private since(): ByLayer {
    return byLayer((layer) => minus(this.tally.counts[layer], this.before[layer]));
  }
}

function point({ at, counts, requests }: Slice): Point {
  return { at, requests: requests.count, hit_ratio: hitRatio(counts), ...percentiles(requests) };
}

export function percentiles(latencies: LatencyHistogram): { p50: number | null; p99: number | null } {
  return { p50: latencies.percentile(0.5), p99: latencies.percentile(0.99) };
}

/** Only the outermost active layer counts: its misses reach the next layer and would count twice. */
export function hitRatio(layers: ByLayer): number | null {
  const counts = LAYERS.map((layer) => layers[layer]).find((each) => hitsOf(each) + each.miss > 0);
  return counts ? hitsOf(counts) / (hitsOf(counts) + counts.miss) : null;
}

function byLayer(counts: (layer: Layer) => Counts): ByLayer {
  return { view: counts('view'), query: counts('query'), entity: counts('entity'), store: counts('store') };
}

function plus(a: Counts, b: Counts): Counts {
  return minus(a, minus(zero(), b));
}
