import { count, number } from '../bench/report/format';
import type { Chart, Section } from '../bench/report/section';
import { sum } from '../bench/statistics';
import type { Sample } from './sampler';
import { MIX_TEXT, type Traffic } from './traffic';
import { rowOf, type Verdict } from './verdicts';

export interface Soaked {
  samples: Sample[];
  verdicts: Verdict[];
  capacity: number;
  /** Share of it that was asked for. */
  share: number;
  traffic: Traffic;
  seconds: number;
  l1MaxBytes: string;
  ttl: string;
}

const PLACES = 11;

export function report(soaked: Soaked): Section {
  const { samples, verdicts, capacity, share, traffic, seconds, l1MaxBytes, ttl } = soaked;
  const { requests, writes, notModified, failed } = traffic.counts;
  const cpu = sum(samples.map((one) => one.cpu)) / samples.length;
  return {
    title: 'Soak',
    text: [
      `${number(seconds / 60)} minutes of mixed traffic on one node with PostgreSQL and Redis, at ${share * 100} % of the ${count(capacity)} requests a second that it served of ` +
        `the same mix at the beginning: ${MIX_TEXT}. ${count(requests)} requests in all, ${count(writes)} of them writes, ${count(notModified)} of them ` +
        `304, ${count(failed)} failed; p50 ${number(traffic.latency(0.5))} ms, p99 ${number(traffic.latency(0.99))} ms; the node took ${(cpu * 100).toFixed(0)} % of a core.`,
      `L1 is bounded at ${l1MaxBytes}, and TTL and grace are ${ttl} each, so that both tiers are full, and drop what is old, long before the end. "Unseen" are ` +
        'URLs that were never requested: a flood of keys. Slopes are least squares over the second half, for an hour, with their margin of 95 %; a ' +
        'figure is flat when its slope with the margin stays within the bound, and grows when it exceeds it without.',
    ],
    tables: [
      {
        columns: ['', 'mean', 'at half', 'at the end', 'slope an hour', 'bound', 'verdict'],
        rows: verdicts.map(rowOf),
      },
    ],
    charts: [chart(samples)],
  };
}

function chart(samples: Sample[]): Chart {
  const places = Math.min(PLACES, samples.length);
  const shown = Array.from(
    { length: places },
    (_, place) => samples[Math.round((place * (samples.length - 1)) / Math.max(1, places - 1))]!,
  );
  const series = [
    ['heap after GC', 'heap'],
    ['RSS', 'rss'],
    ['L1', 'l1'],
    ['Redis', 'redis'],
  ] as const;
  return {
    name: 'soak',
    title: 'Memory under mixed traffic',
    subtitle: 'MB, by minutes; logarithmic',
    kind: 'lines',
    labels: shown.map(({ at }) => (at / 60).toFixed(at < 60 ? 1 : 0)),
    series: series.map(([name, key]) => ({ name, values: shown.map((sample) => sample[key]) })),
    format: number,
    logarithmic: true,
  };
}
