import { Counter, Gauge, Histogram } from 'prom-client';
import { BOUNDS_SECONDS as buckets } from '../buckets';
import type { Sources } from './sources';

/** Purges. The queue's gauges have no value unless an edge is configured. */
export function edgeMetrics({ registry, stack: { events }, closeLater }: Sources): void {
  const registers = [registry];
  const histogram = (name: string, help: string): Histogram => new Histogram({ name, help, buckets, registers });
  const gauge = (name: string, help: string): Gauge<'queue'> =>
    new Gauge({ name, help, registers, labelNames: ['queue'] });

  const purge = histogram('cache_purge_duration_seconds', 'Purge calls to an edge.');
  const lag = histogram('cache_purge_lag_seconds', "From the queueing of a write's tags to their purge at the edge.");
  const tags = new Counter({ name: 'cache_purged_tags_total', help: 'Tags that were purged.', registers });
  const failures = new Counter({
    name: 'cache_purge_failures_total',
    help: 'Failed purge calls.',
    registers,
  });
  const depth = gauge('cache_purge_queue_tags', 'Tags that wait for a purge.');
  const age = gauge('cache_purge_queue_oldest_seconds', 'Age of the oldest tag in the purge queue; 0: none waits.');

  closeLater(
    events.on('purged', (purged, ms, lagMs) => {
      purge.observe(ms / 1_000);
      lag.observe(lagMs / 1_000);
      tags.inc(purged.length);
    }),
  );
  closeLater(events.on('purgeFailed', () => failures.inc()));
  closeLater(
    events.on('purgeQueue', (waiting, oldestMs) => {
      depth.set({ queue: 'edge' }, waiting);
      age.set({ queue: 'edge' }, oldestMs / 1_000);
    }),
  );
}
