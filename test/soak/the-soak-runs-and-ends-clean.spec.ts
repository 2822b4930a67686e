import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needs } from '../support/needs';
import { shared } from '../support/machine/shared';
import { judge } from '../../soak/verdicts';
import type { Sample } from '../../soak/sampler';

const REGISTER = join(__dirname, '../support/swc-register.cjs');
const FIGURES = ['heap', 'rss', 'l1', 'redis', 'handles', 'sockets', 'descriptors', 'lag', 'outbox', 'cpu'] as const;

describe('on PostgreSQL and Redis', () => {
  needs('postgres', 'redis-server');

  it('npm run soak asks, samples, writes what it saw and ends', async () => {
    const out = mkdtempSync(join(tmpdir(), 'strata-soak-'));
    try {
      const args = ['-r', REGISTER, join(__dirname, '../../soak/run.ts'), '--minutes', '0.1', '--out', out];
      await promisify(execFile)(process.execPath, args, {
        env: { ...process.env, TEST_DATABASE_URL: await shared('postgres') },
      });
      const markdown = readFileSync(join(out, 'soak.md'), 'utf8');
      const rows = [...markdown.matchAll(/^\| (.+?) +\| .* (flat|grows|not told apart) +\|$/gm)].map(
        ([, name]) => name,
      );
      expect(rows).toEqual([
        'heap after GC, MB',
        'RSS, MB',
        'L1, MB',
        'Redis used_memory, MB',
        'handles',
        'sockets',
        'file descriptors',
        'event loop delay, p99, ms',
        'outbox records',
      ]);
      expect(Number(/([\d,]+) of them writes/.exec(markdown)?.[1]?.replace(',', ''))).toBeGreaterThan(0);
      expect(markdown).toContain(' 0 failed');
      expect(readFileSync(join(out, 'bench/soak.svg'), 'utf8')).toContain('</svg>');
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});

describe('the verdict on ten minutes of samples', () => {
  const samples = (redis: (minute: number) => number): Sample[] =>
    Array.from({ length: 120 }, (_, n) => {
      const sample = Object.fromEntries(FIGURES.map((key) => [key, 1])) as Omit<Sample, 'at'>;
      return { ...sample, at: n * 5, redis: redis(n / 12) };
    });
  const answerOn = (redis: (minute: number) => number): string =>
    judge(samples(redis)).find(({ key }) => key === 'redis')!.answer;

  it.each<[string, (minute: number) => number, string]>([
    ['the same all the time', () => 40, 'flat'],
    ['filled in the first half', (minute) => Math.min(40, 10 * minute), 'flat'],
    ['a leak of 1 MB a minute beside some noise', (minute) => 40 + minute + Math.sin(minute * 50), 'grows'],
    ['noise as large as what it is made of', (minute) => 40 + 30 * Math.sin(minute * 50), 'not told apart'],
    ['shrinking', (minute) => 40 - minute, 'flat'],
  ])('%s', (_what, redis, answer) => {
    expect(answerOn(redis)).toBe(answer);
  });
});
