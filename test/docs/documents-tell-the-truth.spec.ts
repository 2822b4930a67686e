import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'])
  .toString()
  .split('\n')
  .filter(Boolean);

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
