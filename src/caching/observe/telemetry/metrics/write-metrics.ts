import { Counter, Gauge, Histogram } from 'prom-client';
import { BOUNDS_SECONDS as buckets } from '../buckets';
import type { Sources } from './sources';

/** Writes: stamps, the outbox and its drains. */
export function writeMetrics({ registry, stack: { events }, closeLater }: Sources): void {
  const registers = [registry];
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });

  const stamp = new Histogram({
    name: 'cache_stamp_duration_seconds',
    help: 'Stamps that the clock acknowledged.',
    buckets,
    registers,
  });
  const tags = counter('cache_stamped_tags_total', 'Tags that were stamped.');
  const stampFailures = counter('cache_stamp_failures_total', 'Stamps that the clock did not acknowledge.');
  const drain = new Histogram({
    name: 'cache_drain_duration_seconds',
    help: 'From outbox records to acknowledged stamps.',
    buckets,
    registers,
  });
  const records = counter('cache_drained_records_total', 'Outbox records that became stamps.');
  const drainFailures = counter('cache_drain_failures_total', 'Drains that failed; their records stay.');
  const late = counter(
    'cache_evictions_late_total',
    'Writers that were answered before their write was known to be evicted.',
  );
  const rules = counter(
    'cache_tag_rule_failures_total',
    'Functions of @EvictsTags that threw; the whole table was evicted.',
  );
  const age = new Gauge({
    name: 'cache_outbox_oldest_seconds',
    help: 'How long the oldest outbox record waits; 0: none does.',
    registers,
  });
  const depth = new Gauge({
    name: 'cache_outbox_records',
    help: 'Outbox records that the last drain could not take; 10000: that many or more.',
    registers,
  });

  closeLater(
    events.on('stamped', (stamped, ms) => {
      stamp.observe(ms / 1_000);
      tags.inc(stamped.length);
    }),
  );
  closeLater(events.on('stampFailed', () => stampFailures.inc()));
  closeLater(
    events.on('drained', (count, _tags, ms) => {
      drain.observe(ms / 1_000);
      records.inc(count);
    }),
  );
  closeLater(events.on('drainFailed', () => drainFailures.inc()));
  closeLater(events.on('evictionLate', () => late.inc()));
  closeLater(events.on('tagRuleFailed', () => rules.inc()));
  closeLater(
    events.on('outbox', (oldestMs, waiting) => {
      age.set(oldestMs / 1_000);
      depth.set(waiting);
    }),
  );
}
