import { effort } from '../../../support/effort';
import { eventually } from '../../../support/eventually';
import { count, live, loader, node, useRedisServer } from '../../../support/stacks';

const server = useRedisServer();

const start = async (prefix: string) => {
  // The test is about mistakes, so no deadline may pass on a busy machine.
  const stack = await node({ prefix, l2Timeout: 600_000, redis: { url: server().url } });
  await live(stack);
  return stack;
};

it('the connection stays up with odd tags, odd cursors, and thousands of commands at once', async () => {
  const near = await start('odd');
  const redis = count(near.events, 'redis');
  await near.store.invalidate([42 as never, '\ud800']);
  for (const cursor of ['99:0', '0:18446744073709551615']) {
    await near.inspector.entries({ cursor }).catch(() => undefined);
  }
  for (const cursor of ['x', '0:x', ':', '-1:0', '1e3', '0:0 MATCH']) {
    await expect(near.inspector.entries({ cursor })).rejects.toMatchObject({ code: 'CACHE_OPTIONS' });
  }
  const value = loader(() => 'value');
  await Promise.all(
    Array.from({ length: effort(1_500, 12_000) }, (_, i) => near.store.getOrLoad(`key${i}`, {}, value)),
  );
  await near.store.idle();
  expect(redis).toEqual({ redis: 0 });
});

it('a key with a lone surrogate is refused, so that no caller gets the value of another key', async () => {
  for (const near of [await start('keys'), await node({})]) {
    for (const key of ['u:\ud800', 'u:\ud801']) {
      const got = near.store.getOrLoad(
        key,
        {},
        loader(() => key),
      );
      await expect(got).rejects.toMatchObject({ code: 'CACHE_KEY' });
      await expect(near.store.set(key, 'x', {})).rejects.toMatchObject({ code: 'CACHE_KEY' });
    }
  }
});

it('a tag with a lone surrogate is invalidated on every node', async () => {
  const [near, far] = [await start('tags'), await start('tags')];
  const read = (body: string) =>
    far.store.getOrLoad(
      'key',
      { tags: ['t\ud800'] },
      loader(() => body),
    );
  await read('old');
  await near.store.invalidate(['t\ud800']);
  await eventually(async () => (await read('new')).entry.body === 'new');
});
