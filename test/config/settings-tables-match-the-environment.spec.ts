import { readFileSync } from 'node:fs';
import { getMetadataStorage } from 'class-validator';
import { Environment } from '../../src/config/environment';

/** Every variable that has a rule, with its default; undefined: unset. */
const declared = new Map<string, string | undefined>(
  getMetadataStorage()
    .getTargetValidationMetadatas(Environment, '', false, false)
    .map(({ propertyName }) => [propertyName, new Environment()[propertyName as keyof Environment]]),
);

/** Rows of README's table of settings: the variables of a row, and their defaults in the same order. */
function readmeRows(): [name: string, value: string][] {
  const readme = readFileSync('README.md', 'utf8');
  const section = readme.slice(readme.indexOf('## Settings'), readme.indexOf('## At the edge'));
  return section.split('\n').flatMap((line): [string, string][] => {
    const [, names = '', defaults = ''] = line.split('|').map((cell) => cell.trim());
    const variables = [...names.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name]) => name!);
    // A list such as `view,query` is one default; two defaults are separated by a comma and a blank.
    const values = defaults.split(', ').map((value) => value.replaceAll('`', '').trim());
    return variables.map((name, index) => [name, values[index] ?? values.at(-1)!]);
  });
}

it('README names every variable once, and no other', () => {
  const names = readmeRows().map(([name]) => name);
  expect([...names].sort()).toEqual([...declared.keys()].sort());
});

it.each([...declared].filter(([, value]) => value !== undefined))('README has the default of %s', (name, value) => {
  expect(Object.fromEntries(readmeRows())[name]).toBe(value);
});

it.each([...declared].filter(([, value]) => value === undefined))('README gives %s no default', (name) => {
  expect(Object.fromEntries(readmeRows())[name]).toMatch(/^(unset|none|what it reads|1s|5m)?$/);
});

it('.env.example has a line for every variable, with its default where there is one', () => {
  const lines = readFileSync('.env.example', 'utf8').matchAll(/^# ?([A-Z][A-Z0-9_]+)=(.*)$/gm);
  const example = new Map([...lines].map(([, name, value]) => [name!, value!]));
  expect([...example.keys()].sort()).toEqual([...declared.keys()].sort());
  // These show another value than the default, because the default shows nothing.
  const shown = new Set(['CORS_ORIGINS', 'EDGE_PURGE', 'JWT_ROLES_CLAIM', 'NODE_ENV', 'OTEL_SPANS']);
  for (const [name, value] of declared) {
    if (value !== undefined && !shown.has(name)) expect([name, example.get(name)]).toEqual([name, value]);
  }
});
