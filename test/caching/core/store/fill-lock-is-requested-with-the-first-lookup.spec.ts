import type { CacheResult, CacheStack } from '../../../../src/caching';
import { RedisFillLock } from '../../../../src/caching/core/store/load/fill-lock';
import { RedisL2 } from '../../../../src/caching/core/store/tiers/l2';
import { pause } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, loader, node } from '../../../support/stacks';
import { needs } from '../../../support/needs';

needs('redis-server');

let server: RedisServer;
let here: CacheStack;
let there: CacheStack;
const acquire = jest.spyOn(RedisFillLock.prototype, 'acquire');

beforeAll(async () => {
  server = await RedisServer.start();
});
beforeEach(async () => {
  const options = { prefix: 'turns', l2Timeout: '5s', redis: { url: server.url } };
  [here, there] = await Promise.all([node(options), node(options)]);
  await Promise.all([live(here), live(there)]);
});
afterEach(async () => {
  await closeStacks();
  await server.command('FLUSHALL');
});
afterAll(async () => {
  acquire.mockRestore();
  await server.stop();
});

async function get(stack: CacheStack, key: string): Promise<CacheResult> {
  const result = await stack.store.getOrLoad(
    key,
    {},
    loader(() => key),
  );
  await stack.store.idle();
  return result;
}

/** Keys whose lock was requested before L2 replied. */
async function askedAhead(stack: CacheStack, key: string): Promise<string[]> {
  let answer: (nothing: undefined) => void = () => undefined;
  const read = jest.spyOn(RedisL2.prototype, 'read').mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
  acquire.mockClear();
  const loading = get(stack, key);
  while (read.mock.calls.length === 0) await pause(1);
  const asked = acquire.mock.calls.map(([asked]) => asked);
  answer(undefined);
  read.mockRestore();
  expect((await loading).outcome).toBe('miss');
  return asked;
}

it('after a miss the lock is requested together with the next lookup', async () => {
  await get(here, 'a');
  expect(await askedAhead(here, 'b')).toEqual(['b']);
});

it('after a hit the lock is requested only after the lookup', async () => {
  await get(there, 'a');
  expect((await get(here, 'a')).tier).toBe('l2');
  expect(await askedAhead(here, 'b')).toEqual([]);
});

it('the lock is released when the lookup hits after all', async () => {
  await get(here, 'a');
  await get(there, 'b');
  acquire.mockClear();
  expect((await get(here, 'b')).tier).toBe('l2');
  expect(acquire).toHaveBeenCalledWith('b');
  expect(await server.command('EXISTS', 'turns:lock:b')).toBe(0);
});
