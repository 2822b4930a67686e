import { headlines } from './headlines';

const PLACE = /(<!-- benchmarks (facts|headlines) -->\n)[\s\S]*?<!-- end -->/g;

/**
 * The README with the numbers of docs/benchmarks.md between its markers, so that they cannot be other than those:
 *
 *   <!-- benchmarks facts -->       when and on what it was measured
 *   <!-- benchmarks headlines -->   the table of `headlines.ts`
 *   <!-- end -->
 *
 * @throws Error that names what the benchmarks do not have
 */
export function fillReadme(readme: string, benchmarks: string): string {
  return readme.replace(PLACE, (_place, marker: string, kind: 'facts' | 'headlines') => {
    const content = kind === 'facts' ? factsOf(benchmarks) : headlines(benchmarks);
    return `${marker}\n${content}\n\n<!-- end -->`;
  });
}

function factsOf(benchmarks: string): string {
  const fact = (name: string): string => new RegExp(`^\\| ${name} +\\| +(.+?) +\\|$`, 'm').exec(benchmarks)?.[1] ?? '?';
  return (
    `Measured on ${fact('date').slice(0, 10)} in one run: ${fact('machine')}, Node.js ${fact('Node.js')}, PostgreSQL ${fact('PostgreSQL')}, Redis ${fact('Redis')}. ` +
    'Workload, limits, charts and all other tables: [docs/benchmarks.md](docs/benchmarks.md).'
  );
}
