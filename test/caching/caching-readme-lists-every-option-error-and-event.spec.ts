import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE_ERRORS } from '../../src/caching';

const read = (file: string): string => readFileSync(join(__dirname, '../../src/caching', file), 'utf8');

/** The rows of the table under a heading, without the formatting. */
function table(heading: string): string[][] {
  const section = read('README.md').split(`## ${heading}\n`)[1]!.split('\n## ')[0]!;
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const cells = (row: string): string[] => row.slice(2, -2).split(/(?<!\\) +\| +/);
  return rows.map((row) => cells(row).map((cell) => cell.replace(/`|\\/g, '').trim()));
}

function declared(file: string, name: string): string {
  return read(file).split(`export interface ${name} {`)[1]!.split('\n}')[0]!;
}

it('options: name, default and meaning', () => {
  const members = declared('caching.options.ts', 'CachingOptions').matchAll(
    /\/\*\* (.*?) @default (.*?) \*\/\s+(\w+)\?:/g,
  );
  const expected = [...members].map(([, meaning, byDefault, name]) => [name, byDefault, meaning!.replaceAll('`', '')]);
  expect(expected.length).toBeGreaterThan(10);
  expect(table('Options')).toEqual(expected);
});

it('errors: code and what to do', () => {
  expect(table('Errors')).toEqual(Object.entries(CACHE_ERRORS));
});

it('events: name, arguments and meaning', () => {
  const members = declared('caching.events.ts', 'CacheEvents').matchAll(/\/\*\* (.*?) \*\/\s+(\w+): \[(.*?)\];/g);
  const expected = [...members].map(([, meaning, name, args]) => [name, args, meaning!.replaceAll('`', '')]);
  expect(expected.length).toBeGreaterThan(10);
  expect(table('Events')).toEqual(expected);
});
