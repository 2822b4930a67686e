import { Counter, Gauge, Histogram } from 'prom-client';
import { BOUNDS_SECONDS as buckets } from '../buckets';
import type { Sources } from './sources';

/** Writes: stamps, the outbox and its drains. */
export function writeMetrics({ registry, stack: { events }, closeLater }: Sources): void {
  const registers = [registry];
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });

  const stamp = new Histogram({
    name: 'cache_stamp_duration_seconds',
    help: 'Stamps acknowledged by the clock.',
    buckets,
    registers,
  });
  const tags = counter('cache_stamped_tags_total', 'Stamped tags.');
  const stampFailures = counter('cache_stamp_failures_total', 'Stamps not acknowledged by the clock.');
  const drain = new Histogram({
    name: 'cache_drain_duration_seconds',
    help: 'From reading outbox records to acknowledged stamps.',
    buckets,
    registers,
  });
  const records = counter('cache_drained_records_total', 'Outbox records that became stamps.');
  const drainFailures = counter('cache_drain_failures_total', 'Drains that failed; their records stay.');
  const late = counter(
    'cache_evictions_late_total',
    'Writers that were acknowledged before their records were stamped.',
  );
  const rules = counter(
    'cache_tag_rule_failures_total',
    '@EvictsTags functions that threw; the whole table was invalidated.',
  );
  const age = new Gauge({
    name: 'cache_outbox_oldest_seconds',
    help: 'Age of the oldest outbox record; 0: none waits.',
    registers,
  });
  const depth = new Gauge({
    name: 'cache_outbox_records',
    help: 'Outbox records left after the last drain; 10000: that many or more.',
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
