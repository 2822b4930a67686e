import type { Cache } from 'cache-manager';
import { createTieredCache } from '../../../../src/caching/cache-manager';
import { RedisL2 } from '../../../../src/caching/core/store/tiers/l2';
import { effort } from '../../../support/effort';
import { live, node, useRedisServer } from '../../../support/stacks';

const ROUNDS = effort(30, 300);
const server = useRedisServer();

async function open(consistency: 'bounded' | 'strict', prefix?: string): Promise<Cache> {
  const redis =
    prefix === undefined ? {} : { prefix, l2Timeout: 10_000, fillWait: 10_000, redis: { url: server().url } };
  const stack = await node({ consistency, ...redis });
  await live(stack);
  return createTieredCache(stack, 600_000);
}

/** Overwrites a key repeatedly with a counter while readers read it. Resolves to what they found, in order. */
async function readWhileOverwritten(writer: Cache, reader: Cache): Promise<unknown[]> {
  await writer.set('key', 0);
  await reader.get('key');
  const found: unknown[] = [];
  let isOver = false;
  const readers = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      // Several in one event-loop turn, so that some arrive between the two steps of a set.
      for (let i = 0; i < 8; i++) found.push(await reader.get('key'));
      await new Promise(setImmediate);
    }
  });
  for (let i = 1; i <= ROUNDS; i++) {
    await writer.set('key', i);
    await new Promise(setImmediate);
  }
  isOver = true;
  await Promise.all(readers);
  expect(await reader.get('key')).toBe(ROUNDS);
  return found;
}

it.each(['bounded', 'strict'] as const)('on the node that overwrites it, in memory (%s)', async (consistency) => {
  const cache = await open(consistency);
  const found = await readWhileOverwritten(cache, cache);
  expect(found.length).toBeGreaterThan(ROUNDS / 10);
  expect(found.filter((value) => value === undefined)).toEqual([]);
});

it.each(['bounded', 'strict'] as const)('on the node that overwrites it, with Redis (%s)', async (consistency) => {
  const cache = await open(consistency, `own-${consistency}`);
  expect((await readWhileOverwritten(cache, cache)).filter((value) => value === undefined)).toEqual([]);
});

it.each(['bounded', 'strict'] as const)('on another node (%s)', async (consistency) => {
  const [writer, reader] = [await open(consistency, consistency), await open(consistency, consistency)];
  expect((await readWhileOverwritten(writer, reader)).filter((value) => value === undefined)).toEqual([]);
});

it('a deleted key is absent at once, on every node', async () => {
  const [one, other] = [await open('strict', 'deleted'), await open('strict', 'deleted')];
  for (let i = 0; i < 20; i++) {
    await one.set('key', i);
    expect(await other.get('key')).toBe(i);
    await one.del('key');
    expect([await one.get('key'), await other.get('key')]).toEqual([undefined, undefined]);
  }
});

it('readers wait only once for a value that its node never wrote', async () => {
  const options = { prefix: 'lost', l2Timeout: 1_000, fillWait: 200, consistency: 'strict' as const };
  const [writer, reader] = await Promise.all([1, 2].map(() => node({ ...options, redis: { url: server().url } })));
  await Promise.all([live(writer!), live(reader!)]);
  await writer!.store.set('key', 'old', {});
  const write = jest.spyOn(RedisL2.prototype, 'write').mockRejectedValueOnce(new Error('the node ended'));
  await writer!.store.set('key', 'new', {});
  write.mockRestore();
  const reads = jest.spyOn(RedisL2.prototype, 'read');
  expect(await reader!.store.get('key')).toBeUndefined();
  expect(reads.mock.calls.length).toBeGreaterThan(1);
  reads.mockClear();
  expect(await reader!.store.get('key')).toBeUndefined();
  expect(reads).toHaveBeenCalledTimes(1);
  reads.mockRestore();
});
