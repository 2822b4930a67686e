import { CacheEventBus, CacheStack } from '../../../../src/caching';
import { resolveOptions } from '../../../../src/caching/caching.options';
import { countingSuspension, systemTime, type Time } from '../../../../src/caching/core/async/time';
import { loader, text } from '../../../support/stacks';

const MINUTE = 60_000;

/** The two clocks of a machine, set by the test. */
class Machine {
  private wall = 1e12;
  private mono = 5_000;

  readonly elapsed = countingSuspension(
    () => this.wall,
    () => this.mono,
  );

  run(ms: number): void {
    this.wall += ms;
    this.mono += ms;
  }

  /** As Linux does it: the monotonic clock stands still. */
  suspend(ms: number): void {
    this.wall += ms;
  }

  setWall(ms: number): void {
    this.wall += ms;
  }

  get time(): Time {
    return { ...systemTime, wall: () => this.wall, mono: this.elapsed };
  }
}

let machine: Machine;
/** How much time passes while `act` runs, for what is measured with it. */
const passes = (act: () => void): number => {
  const from = machine.elapsed();
  act();
  return machine.elapsed() - from;
};
beforeEach(() => (machine = new Machine()));

it.each<[string, () => void, number]>([
  ['it runs', () => machine.run(10), 10],
  ['it is suspended', () => machine.suspend(8_000), 8_000],
  ['it is suspended twice', () => [1, 2].forEach(() => passes(() => machine.suspend(5_000))), 10_000],
  ['its wall clock is set back', () => machine.setWall(-MINUTE), 0],
  ['its wall clock is set back while it runs', () => (machine.run(20), machine.setWall(-MINUTE)), 20],
  ['its wall clock is set forward', () => machine.setWall(MINUTE), MINUTE],
])('when %s', (_what, act, expected) => {
  expect(passes(act)).toBeCloseTo(expected, 3);
});

it('when it is suspended after its wall clock was set back', () => {
  machine.setWall(-MINUTE);
  machine.elapsed();
  expect(passes(() => machine.suspend(8_000))).toBe(8_000);
});

it('clocks that round differently add nothing up', () => {
  const whole = countingSuspension(
    () => Math.floor(machine.time.wall()),
    () => machine.elapsed(),
  );
  const from = whole();
  for (let i = 0; i < 10_000; i++) {
    machine.run(0.3);
    whole();
  }
  expect(whole() - from).toBeGreaterThanOrEqual(2_999.9);
  expect(whole() - from).toBeLessThanOrEqual(3_001.1);
});

it('a node that wakes serves nothing from the cache before it has queried the clock', async () => {
  const options = resolveOptions({ maxLag: 1_000, ttl: '1h' });
  const stack = new CacheStack(options, new CacheEventBus(), machine.time);
  try {
    await stack.start();
    await stack.clock.now();
    // As with an outbox: what other nodes wrote is known by a proof only.
    stack.trust.requireProof();
    await stack.trust.prove(machine.elapsed(), () => undefined);
    const get = async (value: string): Promise<string> =>
      text(
        await stack.store.getOrLoad(
          'key',
          {},
          loader(() => value),
        ),
      );
    expect([await get('before'), await get('later')]).toEqual(['before', 'before']);
    machine.suspend(8_000);
    expect(stack.trust.holds).toBe(false);
    expect(stack.store.peek('key')).toBeUndefined();
    expect(await get('written meanwhile')).toBe('written meanwhile');
  } finally {
    await stack.stop();
  }
});
