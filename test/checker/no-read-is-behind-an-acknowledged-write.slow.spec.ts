import { checkFreshness, type CheckOptions, type Report } from '../../checker/check';
import { expectFreshReads, RUN } from '../support/checked-run';
import { needs } from '../support/needs';

needs('postgres', 'redis-server', 'psql', 'pgbouncer');

/** A minute of the checker; `npm run check:freshness` runs it for as long as one likes (checker/run.ts sets FRESHNESS). */
const asked = process.env.FRESHNESS
  ? (JSON.parse(process.env.FRESHNESS) as Partial<CheckOptions> & { modes?: CheckOptions['mode'][] })
  : {};
const seed = asked.seed ?? Math.floor(Math.random() * 2 ** 31);
const options = { ...RUN, seconds: 60, seed, ...asked };

// As long as it takes: what a run has seen decides, not when it ended.
jest.setTimeout(options.seconds * 1_000 + 900_000);

it.each(asked.modes ?? (['strict', 'bounded'] as const))(
  '%s: readers of everything on all nodes, writers by all roads, and things that break',
  async (mode) => {
    await expectFreshReads({ ...options, mode });
  },
);

interface Plant {
  bug: string;
  faults: boolean;
  /** What has to break for the bug to show. */
  only: string[];
}

// A checker that has never found anything proves nothing.
const PLANTED: Plant[] = [
  { bug: 'stamp-before-commit', faults: false, only: [] },
  { bug: 'tick-after-read', faults: false, only: [] },
  { bug: 'trust-without-proof', faults: true, only: ['ACCESS EXCLUSIVE', '10 kB', 'rights on the outbox', 'triggers'] },
];
if (asked.seconds === undefined) {
  // What shows a bug is chance, so it gets some.
  it.each(PLANTED)('finds a planted bug: $bug', async ({ bug, faults, only }) => {
    const found: Report['violations'] = [];
    for (let round = 0; round < 20 && found.length === 0; round += 1) {
      const preload = [...options.preload, bug];
      const run = { ...options, seed: seed + round, seconds: 15, preload, faults, only };
      found.push(...(await checkFreshness({ ...run, mode: 'strict' })).violations);
    }
    expect(found[0]?.history.length).toBeGreaterThan(0);
  });
}
