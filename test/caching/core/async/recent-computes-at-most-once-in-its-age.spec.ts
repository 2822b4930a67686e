import { Recent } from '../../../../src/caching/core/async/recent';

let now: jest.SpyInstance<number, []>;
beforeEach(() => (now = jest.spyOn(performance, 'now').mockReturnValue(5_000)));
afterEach(() => jest.restoreAllMocks());

it('callers within the age share one computation, its failure included', async () => {
  let calls = 0;
  const compute = (): Promise<string> => Promise.reject(new Error(`failure ${++calls}`));
  const recent = new Recent<string>(1_000);
  const waiting = Array.from({ length: 16 }, () => recent.get(compute));
  for (const call of waiting) await expect(call).rejects.toThrow('failure 1');
  now.mockReturnValue(5_999);
  await expect(recent.get(compute)).rejects.toThrow('failure 1');
  now.mockReturnValue(6_000);
  await expect(recent.get(compute)).rejects.toThrow('failure 2');
  expect(calls).toBe(2);
});

it('the age counts from the start, and a computation that takes longer is not started twice', async () => {
  let finish!: (value: string) => void;
  const compute = jest.fn(() => new Promise<string>((resolve) => (finish = resolve)));
  const recent = new Recent<string>(1_000);
  const slow = recent.get(compute);
  now.mockReturnValue(9_000);
  const late = recent.get(compute);
  finish('slow');
  expect(await Promise.all([slow, late])).toEqual(['slow', 'slow']);
  expect(compute).toHaveBeenCalledTimes(1);
  void recent.get(compute);
  expect(compute).toHaveBeenCalledTimes(2);
});
