import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

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
