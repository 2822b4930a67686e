import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PROBLEM_TYPES } from '../../src/http/problem-types';

const NOT_OURS = ['node_modules', 'dist', 'coverage', '.git', '.data'];
const documents = documentsIn('.');

function documentsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.includes(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return documentsIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

describe.each(documents)('%s', (document) => {
  const text = readFileSync(document, 'utf8');

  it('links to files that are there', () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/(?:src|srcset|href)="([^"]+)"/g)].map(
      ([, target]) => target!.replace(/#.*/, ''),
    );
    const missing = targets.filter((target) => target !== '' && !/^[a-z]+:/.test(target) && !reaches(document, target));
    expect(missing).toEqual([]);
  });

  it('names npm scripts that are there', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});

/** Written by `npm run bench` and `npm run soak`. */
const MEASURED = ['docs/benchmarks.md', 'docs/soak.md'];
const pages = documents.filter((file) => dirname(file) === 'docs' && !MEASURED.includes(file));

it.each(pages)('%s is one concept: a title, then a summary of two sentences or so', (page) => {
  const [title, blank, summary] = readFileSync(page, 'utf8').split('\n');
  expect(title).toMatch(/^# \S/);
  expect(blank).toBe('');
  expect(summary).toMatch(/^> TL;DR: \S/);
});

it('each page of docs/ can be reached from the README', () => {
  const readme = readFileSync('README.md', 'utf8');
  expect([...pages, ...MEASURED].filter((page) => !readme.includes(`](${page})`))).toEqual([]);
});

it('ARCHITECTURE names files that are there', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8').split('## A second cached entity')[0]!;
  const named = [...text.matchAll(/`?((?:[\w-]+\/)+[\w.-]+\.ts)\b/g)].map(([, file]) => file!);
  expect(named.length).toBeGreaterThan(40);
  const places = ['', 'src', 'src/caching'];
  expect(named.filter((file) => !places.some((place) => existsSync(join(place, file))))).toEqual([]);
});

it('pictures are small', () => {
  const images = readdirSync('docs/images').map((file) => [file, statSync(join('docs/images', file)).size] as const);
  expect(images.length).toBeGreaterThanOrEqual(2);
  expect(images.filter(([, bytes]) => bytes > 150_000)).toEqual([]);
});

it('the table of problems is what their pages say', () => {
  const rows = [...readFileSync('docs/routes.md', 'utf8').matchAll(/^\| +(\d{3}) \| (.*?) +\|$/gm)];
  expect(rows.map(([, status, text]) => [status, text])).toEqual(Object.entries(PROBLEM_TYPES));
});

it('every snippet of the way from Django is a piece of the file above it', () => {
  const text = readFileSync('docs/from-django.md', 'utf8');
  const snippets = [...text.matchAll(/^\[[^\]]+\]\(\.\.\/([^)]+)\)\n\n```ts\n([\s\S]*?)\n```$/gm)];
  expect(snippets.length).toBeGreaterThan(10);
  const strangers = snippets.filter(([, file, code]) => !readFileSync(file!, 'utf8').includes(code!));
  expect(strangers.map(([, file, code]) => `${file}: ${code}`)).toEqual([]);
});

function reaches(document: string, target: string): boolean {
  return existsSync(join(dirname(document), target));
}
