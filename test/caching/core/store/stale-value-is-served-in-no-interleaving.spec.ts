import fc from 'fast-check';
import { DependencyTracker } from '../../../../src/caching';
import type { DependencySet } from '../../../../src/caching/core/clock/dependency-tracker';
import { clients, rivals, type Setting, StaleRead, World } from '../../../support/interleaving';
import { effort } from '../../../support/effort';

/** Of 40 chances, in how many it goes wrong. */
const MISHAPS = { message: 20, leg: 1, load: 4 } as const;

/**
 * Readers and writers on one or two nodes in any order, with messages and commands lost, late and reordered, loads that fail, more tags
 * than the clock remembers, and Redis emptied.
 */
function property(setting: Setting, plansFor: typeof clients, seen = { reads: 0 }): fc.IAsyncProperty<unknown> {
  const plans = plansFor(setting.clock === 'memory' ? 1 : 2);
  const losses = fc.infiniteStream(fc.nat({ max: 39 }));
  return fc.asyncProperty(fc.scheduler(), plans, losses, async (scheduler, plan, lost) => {
    const world = new World(scheduler, setting, (what) => Number(lost.next().value) < MISHAPS[what]);
    await world.run(plan);
    seen.reads += world.reads;
  });
}

/** Law 1 off: the tick is taken after the source has responded. */
const lateTick: Setting['sabotage'] = (clock, time) => ({
  dependencies: new (class extends DependencyTracker {
    override async run<T>(work: () => Promise<T>): Promise<{ value: T; gathered: DependencySet }> {
      const done = await super.run(work);
      return { ...done, gathered: Object.assign(done.gathered, clock.instant()) };
    }
  })(clock, time),
});

/** Law 5 off: a waiting reader shares any result. */
const credulousWaiter: Setting['sabotage'] = () => ({ mayShareResult: () => true });

async function violation(setting: Setting): Promise<unknown> {
  const details = await fc.check(property(setting, rivals), { numRuns: 20_000, endOnFailure: true });
  return details.errorInstance;
}

describe('0 stale reads after an acknowledged write', () => {
  it.each<Setting & { runs: number }>([
    { clock: 'memory', consistency: 'bounded', runs: effort(80, 4_000) },
    { clock: 'memory', consistency: 'strict', runs: effort(80, 4_000) },
    { clock: 'redis', consistency: 'strict', runs: effort(80, 5_000) },
    { clock: 'redis', consistency: 'bounded', runs: effort(80, 5_000) },
  ])('over $runs interleavings: $clock clock, $consistency', async ({ runs, ...setting }) => {
    const seen = { reads: 0 };
    await fc.assert(property(setting, clients, seen), { numRuns: runs });
    console.log(`${setting.clock} ${setting.consistency}: ${seen.reads} checked reads`);
    expect(seen.reads).toBeGreaterThan(runs);
  });
});

const SETTINGS: Setting[] = [
  { clock: 'memory', consistency: 'bounded' },
  { clock: 'redis', consistency: 'strict' },
  { clock: 'redis', consistency: 'bounded' },
];

describe('the same check finds a stale read', () => {
  it.each(effort(SETTINGS.slice(0, 2), SETTINGS))('without law 1 ($clock, $consistency)', async (setting) => {
    expect(await violation({ ...setting, sabotage: lateTick })).toBeInstanceOf(StaleRead);
  });

  it.each(effort(SETTINGS.slice(0, 2), SETTINGS))('without law 5 ($clock, $consistency)', async (setting) => {
    expect(await violation({ ...setting, sabotage: credulousWaiter })).toBeInstanceOf(StaleRead);
  });
});
