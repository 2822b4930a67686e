import { table } from './markdown';

/** One line of the README: a number of ours, and the same number of others. */
interface Headline {
  readonly what: string;
  readonly section: string;
  /** Head of the first column, where a section has several tables. */
  readonly table?: string;
  readonly column: string;
  readonly strata: string;
  /** Rows of the same table, and what the README calls them. */
  readonly peers: Readonly<Record<string, string>>;
}

/** What falls short of its goal stands beside what does not. */
export const HEADLINES: readonly Headline[] = [
  {
    what: "a cached page from memory, as a share of the requests a second of Node's bare http server",
    section: 'Beside what others do',
    column: 'ratio to raw',
    strata: 'Strata, L1 hit',
    peers: {
      'CacheInterceptor, memory, Fastify': "Nest's CacheInterceptor",
      'BentoCache (L1), Fastify': 'BentoCache',
      'Nest Fastify, no cache': 'no cache',
    },
  },
  {
    what: 'the same page from Redis',
    section: 'Beside what others do',
    column: 'ratio to raw',
    strata: 'Strata, L2 hit',
    peers: { 'CacheInterceptor, Redis, Fastify': "Nest's CacheInterceptor" },
  },
  {
    what: 'database queries for 1,000 first requests at once',
    section: 'A stampede: first requests, all at once',
    column: 'all queries',
    strata: 'Strata, 2 nodes',
    peers: {
      'CacheInterceptor, Redis, Fastify': "Nest's CacheInterceptor",
      'BentoCache (L1), Fastify': 'BentoCache (one node)',
    },
  },
  {
    what: 'stale responses to 2,100 requests, 5 % of them writes',
    section: 'Hits kept under writes',
    table: '5 % writes',
    column: 'stale reads',
    strata: 'Strata, 2 nodes',
    peers: { 'TTL only, 5 min': 'a TTL of 5 min', 'TTL only, 1 s': 'a TTL of 1 s' },
  },
  {
    what: 'database queries for 1,000 requests of that mix',
    section: 'Hits kept under writes',
    table: '5 % writes',
    column: 'queries/1,000',
    strata: 'Strata, 2 nodes',
    peers: { 'no cache': 'no cache', 'TTL only, 5 min': 'a TTL of 5 min', 'TTL only, 1 s': 'a TTL of 1 s' },
  },
  {
    what: 'processor time of a page that was never requested before, µs',
    section: 'What a response costs',
    column: 'CPU µs/request',
    strata: 'miss',
    peers: { 'the same by findAndCount, no cache': 'no cache' },
  },
];

/** The README's table of numbers, out of the tables of docs/benchmarks.md. @throws Error that names what they do not have */
export function headlines(benchmarks: string): string {
  return table({
    columns: ['', 'Strata', 'beside it'],
    rows: HEADLINES.map((headline) => {
      const cell = cellsOf(benchmarks, headline);
      const peers = Object.entries(headline.peers).map(([row, name]) => `${name} ${cell(row)}`);
      return [headline.what, cell(headline.strata), peers.join('; ')];
    }),
  });
}

/** @returns the cell of a row in the headline's column */
function cellsOf(benchmarks: string, { section, table: first = '', column }: Headline): (row: string) => string {
  const missing = (what: string): Error => new Error(`docs/benchmarks.md has no ${what}, which README.md quotes`);
  const text = benchmarks.split(/^## /m).find((part) => part.startsWith(`${section}\n`));
  if (text === undefined) throw missing(`section "${section}"`);
  const tables = text.split('\n\n').filter((part) => part.startsWith('|'));
  const [head, , ...rows] =
    tables.map((part) => part.trim().split('\n').map(cells)).find(([top]) => top![0] === first) ?? [];
  const index = head?.indexOf(column) ?? -1;
  if (index < 0) throw missing(`column "${column}" in "${section}"`);
  return (name) => {
    const row = rows.find(([one]) => one === name);
    if (!row) throw missing(`row "${name}" in "${section}"`);
    return row[index]!;
  };
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
