import type { CacheEventBus } from '../../caching.events';
import { type Layer, layerOf } from '../../core/store/key';

/** Reads by outcome. Those that needed no load are `l1 + l2 + stale + collapsed`. */
export interface Counts {
  l1: number;
  l2: number;
  stale: number;
  /** Served an older entry because the source failed; may also count as a miss. */
  grace: number;
  /** Shared a load that another caller had started. */
  collapsed: number;
  miss: number;
}

/** Counts reads by layer and outcome since the start. Fed by events; the core does not depend on it. */
export class OutcomeCounters {
  readonly counts: Record<Layer, Counts> = { view: zero(), query: zero(), entity: zero(), store: zero() };
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

/** Reads that needed no load. */
export function hitsOf({ l1, l2, stale, collapsed }: Counts): number {
  return l1 + l2 + stale + collapsed;
}

export function zero(): Counts {
  return { l1: 0, l2: 0, stale: 0, grace: 0, collapsed: 0, miss: 0 };
}

export function minus(now: Counts, before: Counts): Counts {
  const names = Object.keys(now) as (keyof Counts)[];
  return Object.fromEntries(names.map((name) => [name, now[name] - before[name]])) as unknown as Counts;
}
