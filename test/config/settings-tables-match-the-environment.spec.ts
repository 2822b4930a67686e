import { readFileSync } from 'node:fs';
import { getMetadataStorage } from 'class-validator';
import { Environment } from '../../src/config/environment';
import { settingsOf } from '../../src/config/setting';
import { envExample, withSettingsTable } from '../../src/config/settings-docs';

/** Every variable that has a rule. */
const ruled = getMetadataStorage()
  .getTargetValidationMetadatas(Environment, '', false, false)
  .map(({ propertyName }) => propertyName);

/** Prettier aligns the columns of tables; the words are the same. */
const unaligned = (markdown: string): string => markdown.replace(/ {2,}/g, ' ').replace(/-{3,}/g, '---');

it('every variable has a rule and a meaning', () => {
  expect([...settingsOf(Environment.prototype).keys()].sort()).toEqual([...new Set(ruled)].sort());
});

it('docs/settings.md has the table that `npm run docs:settings` writes', () => {
  const page = readFileSync('docs/settings.md', 'utf8');
  expect(unaligned(page)).toBe(unaligned(withSettingsTable(page)));
});

it('.env.example is the file that `npm run docs:settings` writes, every variable once and commented out', () => {
  const example = readFileSync('.env.example', 'utf8');
  expect(example).toBe(envExample());
  const names = [...example.matchAll(/^# ([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);
  expect(names).toEqual([...settingsOf(Environment.prototype).keys()]);
  expect(example).not.toMatch(/^[^#\n]/m);
});

it('a page without the markers is refused', () => {
  expect(() => withSettingsTable('# Strata')).toThrow('docs/settings.md needs the markers');
});
