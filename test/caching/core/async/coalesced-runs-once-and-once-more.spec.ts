import { Coalesced } from '../../../../src/caching';
import { pause } from '../../../support/eventually';

it('a hundred concurrent calls cost two runs, and no call gets a result that began before the call', async () => {
  let runs = 0;
  let running = 0;
  const coalesced = new Coalesced(async () => {
    const began = performance.now();
    runs += 1;
    running += 1;
    expect(running).toBe(1);
    await pause(5);
    running -= 1;
    return began;
  });
  const first = coalesced.run();
  await pause(1);
  const asked = performance.now();
  const answers = await Promise.all(Array.from({ length: 100 }, () => coalesced.run()));
  for (const began of answers) expect(began).toBeGreaterThanOrEqual(asked);
  expect(await first).toBeLessThan(asked);
  expect(runs).toBe(2);
});

it('all calls in one event-loop turn share one run, which begins after the last of them', async () => {
  const asked: number[] = [];
  const coalesced = new Coalesced(() => Promise.resolve([...asked]));
  const ask = async (n: number): Promise<number[]> => {
    // Callers call at different points of the turn.
    for (let i = 0; i < n; i++) await Promise.resolve();
    asked.push(n);
    return coalesced.run();
  };
  expect(await Promise.all([0, 1, 5, 20].map(ask))).toEqual(Array(4).fill([0, 1, 5, 20]));
});

it('a failed run rejects its own callers and not the next ones', async () => {
  let fail = true;
  const coalesced = new Coalesced(() => (fail ? Promise.reject(new Error('no')) : Promise.resolve('yes')));
  const both = await Promise.allSettled([coalesced.run(), coalesced.run()]);
  expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected']);
  fail = false;
  expect(await coalesced.run()).toBe('yes');
});

it('after an early response the next run still waits until the work has ended', async () => {
  const told: string[] = [];
  const ends: (() => void)[] = [];
  const coalesced = new Coalesced<void>(async (answer) => {
    told.push('begun');
    answer();
    await new Promise<void>((resolve) => ends.push(resolve));
    told.push('ended');
  });
  await coalesced.run();
  const idle = coalesced.idle().then(() => told.push('idle'));
  const next = coalesced.run();
  await pause(5);
  expect(told).toEqual(['begun']);
  ends[0]!();
  await next;
  await idle;
  expect(told).toEqual(['begun', 'ended', 'idle', 'begun']);
  ends[1]!();
  await coalesced.idle();
  expect(told.at(-1)).toBe('ended');
});

it('a failure after the early response rejects no caller', async () => {
  const coalesced = new Coalesced<string>(async (answer) => {
    answer('done');
    await pause(1);
    throw new Error('too late');
  });
  expect(await coalesced.run()).toBe('done');
  await coalesced.idle();
});
