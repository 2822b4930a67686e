import { type CacheStack, type Loader } from '../../../../src/caching';
import { pause } from '../../../support/eventually';
import { closeStacks, loader, node, text } from '../../../support/stacks';

let stack: CacheStack;
let asked: number;
const policy = { tags: ['product:1'] };

beforeEach(async () => {
  stack = await node({});
  asked = 0;
});
afterEach(() => closeStacks());

const get = (load: Loader) => stack.store.getOrLoad('key', policy, load);

/** A load that fails `ms` after it was begun. */
function failing(message: string, ms = 40): Loader {
  return async () => {
    asked += 1;
    await pause(ms);
    throw new Error(message);
  };
}

it('a reader that arrived after an acknowledged write does not share grace of a load that began before it', async () => {
  await get(loader(() => 'v1'));
  await stack.store.invalidate(policy.tags);
  const early = get(failing('connection lost'));
  await pause(5);
  await stack.store.invalidate(policy.tags);
  const late = await get(loader(() => 'v2'));
  expect(text(late)).toBe('v2');
  expect(await early).toMatchObject({ outcome: 'grace', entry: { body: 'v1' } });
});

it('a reader that arrived after an acknowledged write does not share the rejection of an earlier load', async () => {
  const early = get(failing('not found')).catch((error: Error) => error.message);
  await pause(5);
  await stack.store.invalidate(policy.tags);
  expect(text(await get(loader(() => 'created')))).toBe('created');
  expect(await early).toBe('not found');
});

it('concurrent readers with no newer clock information share the failure', async () => {
  const herd = await Promise.allSettled(Array.from({ length: 100 }, () => get(failing('database down'))));
  expect(herd.every((one) => one.status === 'rejected')).toBe(true);
  expect(asked).toBe(1);
});

it('concurrent readers with no newer clock information share the grace', async () => {
  await get(loader(() => 'v1'));
  await stack.store.invalidate(policy.tags);
  const herd = await Promise.all(Array.from({ length: 100 }, () => get(failing('database down'))));
  expect(new Set(herd.map((one) => one.outcome))).toEqual(new Set(['grace']));
  expect(asked).toBe(1);
});

it('concurrent strict readers share one load that began after each of them arrived', async () => {
  stack = await node({ consistency: 'strict' });
  const load = loader(async () => (await pause(20), `${++asked}`));
  const herd = await Promise.all(Array.from({ length: 100 }, () => get(load)));
  expect(new Set(herd.map(text))).toEqual(new Set(['1']));
});
