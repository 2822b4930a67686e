import type { CacheEventBus } from '../../caching.events';
import { type Layer, layerOf } from '../../core/store/key';

/** Answers by how they came about. What was answered without asking the source is `l1 + l2 + stale + collapsed`. */
export interface Counts {
  l1: number;
  l2: number;
  stale: number;
  /** Saved by an older answer when the source failed; each of them may be a miss, too. */
  grace: number;
  /** Shared the load that another caller had begun. */
  collapsed: number;
  miss: number;
}

/** Counts answers by layer since its start. Listens; the core does not know it. */
export class OutcomeCounters {
  readonly counts: Record<Layer, Counts> = { view: zero(), query: zero(), store: zero() };
  private readonly unsubscribers: (() => void)[];

  constructor(events: CacheEventBus) {
    this.unsubscribers = [
      events.on('hit', (key, tier) => void (this.of(key)[tier] += 1)),
      events.on('stale', (key) => void (this.of(key).stale += 1)),
      events.on('grace', (key) => void (this.of(key).grace += 1)),
      events.on('collapsed', (key) => void (this.of(key).collapsed += 1)),
      events.on('miss', (key) => void (this.of(key).miss += 1)),
    ];
  }

  close(): void {
    for (const end of this.unsubscribers) end();
  }

  private of(key: string): Counts {
    return this.counts[layerOf(key)];
  }
}

/** Answers that cost the source nothing. */
export function answered({ l1, l2, stale, collapsed }: Counts): number {
  return l1 + l2 + stale + collapsed;
}

export function zero(): Counts {
  return { l1: 0, l2: 0, stale: 0, grace: 0, collapsed: 0, miss: 0 };
}

export function minus(now: Counts, before: Counts): Counts {
  const names = Object.keys(now) as (keyof Counts)[];
  return Object.fromEntries(names.map((name) => [name, now[name] - before[name]])) as unknown as Counts;
}
