import { Counter, Gauge, Histogram } from 'prom-client';
import { BOUNDS_SECONDS as buckets } from '../buckets';
import type { Sources } from './sources';

/** Purges. The queue has no value until an edge has been told of: where there is none, there is nothing to watch. */
export function edgeMetrics({ registry, stack: { events }, closeLater }: Sources): void {
  const registers = [registry];
  const histogram = (name: string, help: string): Histogram => new Histogram({ name, help, buckets, registers });
  const gauge = (name: string, help: string): Gauge<'queue'> =>
    new Gauge({ name, help, registers, labelNames: ['queue'] });

  const purge = histogram('cache_purge_duration_seconds', 'Calls that purged an edge.');
  const lag = histogram(
    'cache_purge_lag_seconds',
    'From a write, when its tags were queued, to the edge that has dropped them.',
  );
  const tags = new Counter({ name: 'cache_purged_tags_total', help: 'Tags that were purged.', registers });
  const failures = new Counter({
    name: 'cache_purge_failures_total',
    help: 'Calls to an edge that failed.',
    registers,
  });
  const depth = gauge('cache_purge_queue_tags', 'Tags that wait to be purged.');
  const age = gauge('cache_purge_queue_oldest_seconds', 'How long the oldest of them waits; 0: none does.');

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
