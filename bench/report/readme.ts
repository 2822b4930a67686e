type Kind = 'facts' | 'chart' | 'table' | 'rows';

const PLACE = /<!-- benchmarks (facts|chart|table|rows)(?:: (.+?))? -->\n[\s\S]*?<!-- end -->/g;

/**
 * The README with the numbers of docs/benchmarks.md between its markers, so that they cannot be other than those:
 *
 *   <!-- benchmarks facts -->                       when and on what it was measured
 *   <!-- benchmarks chart: Title of a section -->   its charts; likewise `table`, its tables
 *   <!-- benchmarks rows: Title | row; row -->      rows of its tables by their first cell
 *   <!-- end -->
 *
 * @throws Error that names a section that the benchmarks do not have
 */
export function fillReadme(readme: string, benchmarks: string): string {
  return readme.replace(PLACE, (place: string, kind: Kind, named: string | undefined) => {
    const title = named ?? '';
    const content =
      kind === 'facts'
        ? factsOf(benchmarks)
        : kind === 'rows'
          ? rowsOf(benchmarks, title)
          : partOf(benchmarks, title, kind);
    return `${place.slice(0, place.indexOf('\n'))}\n\n${content}\n\n<!-- end -->`;
  });
}

function factsOf(benchmarks: string): string {
  const fact = (name: string): string => new RegExp(`^\\| ${name} +\\| +(.+?) +\\|$`, 'm').exec(benchmarks)?.[1] ?? '?';
  return (
    `Measured on ${fact('date').slice(0, 10)} in one run: ${fact('machine')}, Node.js ${fact('Node.js')}, PostgreSQL ${fact('PostgreSQL')}, Redis ${fact('Redis')}. ` +
    'Workload, limits and all other tables: [docs/benchmarks.md](docs/benchmarks.md).'
  );
}

/** @throws Error that names a row that no table of the section has */
function rowsOf(benchmarks: string, wanted: string): string {
  const [title, names] = wanted.split(' | ') as [string, string];
  const [head, line, ...rows] = partOf(benchmarks, title, 'table').split('\n\n')[0]!.split('\n');
  const chosen = names.split('; ').map((name) => {
    const row = rows.find((text) => text.startsWith(`| ${name} `));
    if (row === undefined) throw new Error(`README.md asks for the row "${name}", which "${title}" does not have`);
    return row;
  });
  return [head, line, ...chosen].join('\n');
}

function partOf(benchmarks: string, title: string, kind: 'chart' | 'table'): string {
  const section = benchmarks.split(/^## /m).find((text) => text.startsWith(`${title}\n`));
  if (section === undefined) throw new Error(`README.md asks for "${title}", which docs/benchmarks.md does not have`);
  const begins = kind === 'chart' ? '![' : '|';
  return section
    .split('\n\n')
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph.startsWith(begins))
    .map((paragraph) => paragraph.replace(/\]\((?=[^)]+\.svg\))/, '](docs/'))
    .join('\n\n');
}
