import type { Missing, Need } from './programs';
import type { Skipped } from './run';

export function aptInstall(packages: readonly string[]): string {
  return `apt-get install -y ${[...new Set(packages)].join(' ')}`;
}

/** The last lines of a run: what was skipped, for want of what, and the command that brings it. Empty when nothing was. */
export function report(skipped: readonly Skipped[], missing: Missing): string {
  if (skipped.length === 0) return '';
  const tests = skipped.reduce((sum, suite) => sum + suite.tests, 0);
  const groups = new Map<string, string[]>();
  for (const { file, needs, tests: count } of skipped) {
    const name = [...needs].sort().join(', ');
    groups.set(name, [...(groups.get(name) ?? []), `  ${file} (${count})`].sort());
  }
  const sections = [...groups].sort().map(([name, suites]) => [`Without ${name}:`, ...suites].join('\n'));
  const names = new Set(skipped.flatMap(({ needs }) => needs));
  const commands = [...names].sort().map((name) => `  ${name.padEnd(14)}${aptInstall(missing[name] ?? [])}`);
  return [
    '',
    ...sections,
    '',
    `Skipped: ${tests} tests of ${skipped.length} suites, because this machine lacks ${[...names].sort().join(', ')}. What brings each:`,
    ...commands,
    `  all of them   ${aptInstall([...names].flatMap((name: Need) => missing[name] ?? []).sort())}`,
    '',
  ].join('\n');
}
