import { withDeadline } from '../../../../src/caching/core/async/deadline';

const never = new Promise<never>(() => undefined);

afterEach(() => jest.restoreAllMocks());

it('never sets a timer with a negative delay, which makes Node warn', async () => {
  const timers = jest.spyOn(globalThis, 'setTimeout');
  // By the clock, the timer fires half a millisecond early.
  jest.spyOn(performance, 'now').mockReturnValueOnce(1_000).mockReturnValueOnce(1_004.5);
  await expect(withDeadline(never, 5, 'the work')).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
  expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([5, 0]);
});

it('extends the deadline by a stall of the event loop, by no more than the deadline itself', async () => {
  const timers = jest.spyOn(globalThis, 'setTimeout');
  jest.spyOn(performance, 'now').mockReturnValueOnce(1_000).mockReturnValueOnce(9_000);
  await expect(withDeadline(never, 5, 'the work')).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
  expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([5, 5]);
});
