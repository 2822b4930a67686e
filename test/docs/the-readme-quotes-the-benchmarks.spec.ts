import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEADLINES } from '../../bench/report/headlines';
import { fillReadme } from '../../bench/report/readme';

const readme = readFileSync('README.md', 'utf8');
const benchmarks = readFileSync('docs/benchmarks.md', 'utf8');

it('the README says what docs/benchmarks.md says', () => {
  expect(fillReadme(readme, benchmarks)).toBe(readme);
  expect(readme).toMatch(/<!-- benchmarks facts -->\n\nMeasured on 20\d\d-/);
  expect(readme).toMatch(/<!-- benchmarks headlines -->\n\n\|/);
});

it('numbers of another run replace those between its markers, and nothing else', () => {
  const row = /^\| Strata, L1 hit .*$/m.exec(benchmarks)![0];
  const [, name, , , ...others] = row.split('|');
  const other = benchmarks
    .replace(row, ['', name, ' 12,345 ', ' 0.7654 ', ...others].join('|'))
    .replace(/^\| date .*$/m, '| date | 2031-01-02 10:00 UTC |');
  const filled = fillReadme(readme, other);
  expect(filled).toContain('Measured on 2031-01-02 in one run');
  expect(filled).toMatch(/^\| a cached page from memory.* 0\.7654 \|/m);
  expect(fillReadme(filled, other)).toBe(filled);
  const outside = (text: string): string[] => text.split(/<!-- benchmarks [\s\S]*?<!-- end -->/);
  expect(outside(filled)).toEqual(outside(readme));
});

it.each([
  ['section "Beside what others do"', /^## Beside what others do$/m],
  ['row "CacheInterceptor, Redis, Fastify"', /^\| CacheInterceptor, Redis, Fastify .*\n/gm],
  ['column "all queries"', / all queries /],
])('a missing %s is named', (what, text) => {
  expect(() => fillReadme(readme, benchmarks.replace(text, ''))).toThrow(`docs/benchmarks.md has no ${what}`);
});

// A run of a quarter of an hour should not end with a title that was changed in one place.
it.each([...new Set(HEADLINES.map(({ section }) => section))])('a step of the benchmarks measures "%s"', (section) => {
  const steps = readdirSync('bench/steps').map((file) => readFileSync(join('bench/steps', file), 'utf8'));
  expect(steps.filter((text) => text.includes(`title: '${section}'`))).toHaveLength(1);
});
