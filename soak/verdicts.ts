import { number } from '../bench/report/format';
import { type Slope, slopeOf } from '../bench/statistics';
import type { Sample } from './sampler';

interface Figure {
  key: Exclude<keyof Sample, 'at' | 'cpu'>;
  name: string;
  unit: string;
  /** Growth in an hour that is still called flat: a share of the mean, and what is always allowed. */
  share: number;
  least: number;
}

/** A quarter more an hour: what would double in three hours shows itself in ten minutes, and what is noise does not pass for it. */
export const FIGURES: readonly Figure[] = [
  { key: 'heap', name: 'heap after GC', unit: 'MB', share: 0.25, least: 0 },
  { key: 'rss', name: 'RSS', unit: 'MB', share: 0.25, least: 0 },
  { key: 'l1', name: 'L1', unit: 'MB', share: 0.25, least: 1 },
  { key: 'redis', name: 'Redis used_memory', unit: 'MB', share: 0.25, least: 0 },
  { key: 'handles', name: 'handles', unit: '', share: 0.25, least: 5 },
  { key: 'sockets', name: 'sockets', unit: '', share: 0.25, least: 5 },
  { key: 'descriptors', name: 'file descriptors', unit: '', share: 0.25, least: 5 },
  { key: 'lag', name: 'event loop delay, p99', unit: 'ms', share: 0.25, least: 60 },
  { key: 'outbox', name: 'outbox records', unit: '', share: 0.25, least: 60 },
];

/** Fewer samples than this lie on a line by chance. */
const ENOUGH = 10;

export type Trend = 'flat' | 'grows' | 'uncertain';

export interface Verdict extends Figure {
  first: number;
  last: number;
  /** By the hour. */
  slope: Slope;
  bound: number;
  trend: Trend;
}

/** Slopes over the second half: the first is for caches to fill and code to be compiled. */
export function judge(samples: readonly Sample[]): Verdict[] {
  const half = samples.slice(Math.floor(samples.length / 2));
  const hours = half.map(({ at }) => at / 3_600);
  return FIGURES.map((figure) => {
    const values = half.map((sample) => sample[figure.key]);
    const slope = slopeOf(hours, values);
    const bound = Math.max(figure.share * slope.mean, figure.least);
    return {
      ...figure,
      first: values[0]!,
      last: values.at(-1)!,
      slope,
      bound,
      trend: half.length < ENOUGH ? 'uncertain' : trendOf(slope, bound),
    };
  });
}

/** With its margin of 95 %: a short run of something noisy says neither. */
function trendOf({ value, margin }: Slope, bound: number): Trend {
  if (value - margin > bound) return 'grows';
  return value + margin <= bound ? 'flat' : 'uncertain';
}

export function rowOf({ name, unit, slope, first, last, bound, trend }: Verdict): string[] {
  const sign = slope.value < 0 ? '−' : '+';
  return [
    unit ? `${name}, ${unit}` : name,
    number(slope.mean),
    number(first),
    number(last),
    `${sign}${number(Math.abs(slope.value))} ± ${number(slope.margin)}`,
    `≤ ${number(bound)}`,
    trend,
  ];
}
