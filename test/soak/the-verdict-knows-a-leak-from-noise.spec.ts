import { judge } from '../../soak/verdicts';
import type { Sample } from '../../soak/sampler';

const FIGURES = ['heap', 'rss', 'l1', 'redis', 'handles', 'sockets', 'descriptors', 'lag', 'outbox', 'cpu'] as const;

describe('the verdict on ten minutes of samples', () => {
  const samples = (redis: (minute: number) => number): Sample[] =>
    Array.from({ length: 120 }, (_, n) => {
      const sample = Object.fromEntries(FIGURES.map((key) => [key, 1])) as Omit<Sample, 'at'>;
      return { ...sample, at: n * 5, redis: redis(n / 12) };
    });
  const trendOf = (redis: (minute: number) => number): string =>
    judge(samples(redis)).find(({ key }) => key === 'redis')!.trend;

  it.each<[string, (minute: number) => number, string]>([
    ['the same all the time', () => 40, 'flat'],
    ['filled in the first half', (minute) => Math.min(40, 10 * minute), 'flat'],
    ['a leak of 1 MB a minute beside some noise', (minute) => 40 + minute + Math.sin(minute * 50), 'grows'],
    ['noise as large as what it is made of', (minute) => 40 + 30 * Math.sin(minute * 50), 'uncertain'],
    ['shrinking', (minute) => 40 - minute, 'flat'],
  ])('%s', (_what, redis, trend) => {
    expect(trendOf(redis)).toBe(trend);
  });
});
