import { Counter, Gauge, Histogram } from 'prom-client';
import type { EvictionReason } from '../../../caching.events';
import { layerOf, LAYERS } from '../../../core/store/key';
import { BOUNDS_SECONDS as buckets } from '../buckets';
import { RequestHistogram } from '../request-histogram';
import { hitsOf, type Counts } from '../outcome-counters';
import { gauges } from './gauge';
import type { Sources } from './sources';

/** Tier and outcome of each kind of read. */
const OUTCOMES: Record<keyof Counts, { tier: string; outcome: string }> = {
  l1: { tier: 'l1', outcome: 'hit' },
  l2: { tier: 'l2', outcome: 'hit' },
  stale: { tier: 'l1', outcome: 'stale' },
  grace: { tier: 'l1', outcome: 'grace' },
  collapsed: { tier: 'flight', outcome: 'collapsed' },
  miss: { tier: 'source', outcome: 'miss' },
};
const REASONS: readonly EvictionReason[] = ['capacity', 'ttl', 'tag', 'deleted'];
const L2_CALLS = ['read', 'write', 'delete'] as const;
const FAILURES = ['read', 'write', 'delete', 'lock'] as const;

/** Reads: the layer and tier that served them, their duration, and the contents of L1. */
export function layerMetrics({ registry, stack, stats, closeLater }: Sources): void {
  const registers = [registry];
  const { events, l1, options } = stack;

  new RequestHistogram(
    'http_request_duration_seconds',
    'Whole requests by route pattern, status class and cache outcome.',
    registry,
    stats.requests,
  );
  new Counter({
    name: 'cache_requests_total',
    help: 'Reads of a cache layer. A grace may follow a miss.',
    labelNames: ['layer', 'tier', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const layer of LAYERS) {
        const counts = stats.tally.counts[layer];
        for (const [name, labels] of Object.entries(OUTCOMES))
          this.inc({ layer, ...labels }, counts[name as keyof Counts]);
      }
    },
  });
  new Gauge({
    name: 'cache_hit_ratio',
    help: "Share of the last minute's reads that needed no load; absent without reads.",
    labelNames: ['layer'],
    registers,
    collect() {
      this.reset();
      const { layers } = stats.history.minute();
      for (const layer of LAYERS) {
        const hits = hitsOf(layers[layer]);
        const all = hits + layers[layer].miss;
        if (all > 0) this.set({ layer }, hits / all);
      }
    },
  });

  const load = new Histogram({
    name: 'cache_load_duration_seconds',
    help: 'Loads from the source: the handler in the view layer, the method in the query layer.',
    labelNames: ['layer', 'result'],
    buckets,
    registers,
  });
  const l2 = new Histogram({
    name: 'cache_l2_duration_seconds',
    help: 'L2 calls; a read includes the clock query.',
    labelNames: ['operation'],
    buckets,
    registers,
  });
  const failures = new Counter({
    name: 'cache_store_failures_total',
    help: 'L2 calls that failed or timed out; the request continued without L2.',
    labelNames: ['operation'],
    registers,
  });
  const evictions = new Counter({
    name: 'cache_evictions_total',
    help: 'Entries that left L1, by reason. With reason tag the entry is retained for grace only.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of REASONS) evictions.inc({ reason }, 0);
  for (const operation of FAILURES) failures.inc({ operation }, 0);
  for (const operation of L2_CALLS) l2.zero({ operation });
  closeLater(
    events.on('load', (key, ms, ok) => load.observe({ layer: layerOf(key), result: ok ? 'ok' : 'failed' }, ms / 1_000)),
  );
  closeLater(events.on('l2', (operation, ms) => l2.observe({ operation }, ms / 1_000)));
  closeLater(events.on('storeFailed', (operation) => failures.inc({ operation })));
  closeLater(events.on('evicted', (_key, reason) => evictions.inc({ reason })));

  const gauge = gauges(registry);
  gauge('cache_l1_bytes', 'Bytes in L1.', () => l1.bytes);
  gauge('cache_l1_max_bytes', 'Capacity of L1 in bytes.', () => options.l1MaxBytes);
  gauge('cache_l1_entries', 'Entries in L1.', () => l1.size);
}
