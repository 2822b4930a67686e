import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asMarkdown } from '../../bench/report/markdown';
import { fillReadme } from '../../bench/report/readme';

const readme = readFileSync('README.md', 'utf8');
const STEPS = 'bench/steps';
/** What the sections of a whole run are called; the steps themselves would open servers. */
const titles = readdirSync(STEPS).flatMap((file) => {
  const text = readFileSync(join(STEPS, file), 'utf8');
  return [...new Set([...text.matchAll(/\btitle: '(.+?)'/g)].map(([, title]) => title!))];
});
const sections = titles.map((title) => ({
  title,
  text: ['How it was measured.'],
  tables: [{ columns: ['', 'requests/s'], rows: [['L1 hit', '12,345'], ...rowsInReadme(title)] }],
  charts: [
    {
      name: 'a-chart',
      title,
      subtitle: '',
      kind: 'bars' as const,
      labels: [],
      series: [],
      format: String,
    },
  ],
}));
/** Rows of a section that the README quotes, with a number of our own. */
function rowsInReadme(title: string): [string, string][] {
  const quoted = readme.split(`<!-- benchmarks rows: ${title} | `)[1]?.split(' -->')[0]?.split('; ') ?? [];
  return quoted.map((row) => [row, '12,345']);
}

const facts: [string, string][] = [
  ['date', '2026-11-25 10:00 UTC'],
  ['machine', 'Some CPU, 2 cores'],
  ['Node.js', 'v20.20.2'],
];

it('what stands between its markers is what a run has measured, and filling it again changes nothing', () => {
  const benchmarks = asMarkdown('Benchmarks', { command: 'npm run bench', facts }, sections, 'bench');
  const filled = fillReadme(readme, benchmarks);
  expect(filled).toContain('Measured on 2026-11-25 in one run: Some CPU, 2 cores, Node.js v20.20.2');
  expect(filled).toMatch(/<!-- benchmarks rows: Beside what others do .*-->\n\n\|[^<]*12,345[^<]*<!-- end -->/);
  expect(filled).toContain('![Hits kept under writes](docs/bench/a-chart.svg)');
  expect(filled).not.toContain('How it was measured.');
  expect(fillReadme(filled, benchmarks)).toBe(filled);
  // Nothing outside the markers is touched.
  const outside = (text: string): string[] => text.split(/<!-- benchmarks [\s\S]*?<!-- end -->/);
  expect(outside(filled)).toEqual(outside(readme));
});

it('a section that no step measures is named', () => {
  const wrong = '<!-- benchmarks table: No such thing -->\n<!-- end -->';
  expect(() => fillReadme(wrong, '# Benchmarks\n')).toThrow('README.md asks for "No such thing"');
});

it('a row that no table has is named', () => {
  const wrong = '<!-- benchmarks rows: One | no such row -->\n<!-- end -->';
  expect(() => fillReadme(wrong, '## One\n\n| a |\n| - |\n| b |\n')).toThrow(
    'README.md asks for the row "no such row"',
  );
});

it('the README says what docs/benchmarks.md says', () => {
  const file = 'docs/benchmarks.md';
  const kept = existsSync(file) ? fillReadme(readme, readFileSync(file, 'utf8')) : readme;
  expect(readme).toBe(kept);
});
