import { checkFreshness, type CheckOptions, type Report } from '../../checker/check';
import { needs } from '../support/needs';

needs('postgres', 'redis-server', 'psql');

/** A short run of the checker; `npm run check:freshness` runs it for as long as one likes (checker/run.ts sets FRESHNESS). */
const asked = process.env.FRESHNESS
  ? (JSON.parse(process.env.FRESHNESS) as Partial<CheckOptions> & { modes?: string[] })
  : {};
const seed = asked.seed ?? Math.floor(Math.random() * 2 ** 31);
const options = { seconds: 8, nodes: 2, faults: true, seed, preload: [], ...asked };
const modes = (asked.modes ?? ['strict', 'bounded']) as CheckOptions['mode'][];

// As long as it takes: what a run has seen decides, not when it ended.
jest.setTimeout(options.seconds * 1_000 + 900_000);

function print(mode: string, { violations, ...counts }: Report): void {
  console.info(`${mode}: ${JSON.stringify(counts, null, 2)}\n${violations.length} violations`);
  for (const violation of violations.slice(0, 5)) console.info(JSON.stringify(violation, null, 2));
}

it.each(modes)('%s: readers of everything on all nodes, writers by all roads, and things that break', async (mode) => {
  const report = await checkFreshness({ ...options, mode });
  print(mode, report);
  expect(report.violations).toEqual([]);
  // A run that saw nothing proves nothing. How much it sees is up to the machine.
  expect(report.observations).toBeGreaterThan(100);
  for (const count of Object.values(report.roads)) expect(count).toBeGreaterThan(0);
  if (options.faults) expect(report.faults.length).toBeGreaterThan(0);
});

// A checker that has never found anything proves nothing.
const planted = asked.seconds === undefined ? ['stamp-before-commit', 'tick-after-read'] : [];
if (planted.length > 0) {
  // What shows a bug is chance, so it gets some.
  it.each(planted)('finds a planted bug: %s', async (bug) => {
    const found: Report['violations'] = [];
    for (let round = 0; round < 20 && found.length === 0; round += 1) {
      const preload = [...options.preload, bug];
      const report = await checkFreshness({
        ...options,
        seed: seed + round,
        seconds: 12,
        mode: 'strict',
        faults: false,
        preload,
      });
      found.push(...report.violations);
    }
    expect(found[0]?.history.length).toBeGreaterThan(0);
  });
}
