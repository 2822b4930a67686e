import { withDeadline } from '../../../../src/caching/core/async/deadline';

const never = new Promise<never>(() => undefined);

afterEach(() => jest.restoreAllMocks());

it('no timer is asked for a negative time, of which Node warns', async () => {
  const timers = jest.spyOn(globalThis, 'setTimeout');
  // The clock says that the timer came half a millisecond before its time.
  jest.spyOn(performance, 'now').mockReturnValueOnce(1_000).mockReturnValueOnce(1_004.5);
  await expect(withDeadline(never, 5, 'the work')).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
  expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([5, 0]);
});

it('gives back what a stall of the event loop took, and no more than the deadline', async () => {
  const timers = jest.spyOn(globalThis, 'setTimeout');
  jest.spyOn(performance, 'now').mockReturnValueOnce(1_000).mockReturnValueOnce(9_000);
  await expect(withDeadline(never, 5, 'the work')).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
  expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([5, 5]);
});
