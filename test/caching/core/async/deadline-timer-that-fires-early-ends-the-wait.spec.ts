import { withDeadline } from '../../../../src/caching/core/async/deadline';

const never = new Promise<never>(() => undefined);

// Whatever else of the process reads the clock meanwhile reads the same.
let now: number;
beforeEach(() => {
  now = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => jest.restoreAllMocks());

it('never sets a timer with a negative delay, which makes Node warn', async () => {
  const timers = jest.spyOn(globalThis, 'setTimeout');
  const waiting = withDeadline(never, 5, 'the work');
  // By the clock, the timer fires half a millisecond early.
  now = 1_004.5;
  await expect(waiting).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
  expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([5, 0]);
});

it('extends the deadline by a stall of the event loop, by no more than the deadline itself', async () => {
  const timers = jest.spyOn(globalThis, 'setTimeout');
  const waiting = withDeadline(never, 5, 'the work');
  now = 9_000;
  await expect(waiting).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
  expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([5, 5]);
});
