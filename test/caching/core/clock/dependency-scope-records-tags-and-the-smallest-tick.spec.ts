import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CacheEventBus, CacheStack } from '../../../../src/caching';
import { resolveOptions } from '../../../../src/caching/caching.options';
import { loader, text } from '../../../support/stacks';
import { ManualTime } from '../../../support/manual-time';

let time: ManualTime;
let stack: CacheStack;
beforeEach(() => {
  time = new ManualTime();
  stack = new CacheStack(resolveOptions({}), new CacheEventBus(), time);
});
afterEach(() => stack.stop());

const inner = (key: string, tags: string[]) =>
  stack.store.getOrLoad(
    key,
    { tags },
    loader(() => `<${key}>`),
  );

it('Law 2: a page carries the tags of its parts and the smallest of the ticks at which they were last found fresh', async () => {
  await inner('old', ['a']);
  await stack.store.invalidate(['unrelated', 'b']);
  const { tick } = stack.clock.instant();
  const page = await stack.store.getOrLoad('page', { tags: ['p'] }, async () => ({
    body: (await Promise.all([inner('old', ['a']), inner('new', ['b'])])).map(text).join(''),
  }));
  expect(page.entry.tick).toBe(tick);
  expect(page.entry.tags).toEqual(expect.arrayContaining(['p', 'a', 'b']));
  expect(stack.store.peek('page')).toBeDefined();
  await stack.store.invalidate(['b']);
  expect(stack.store.peek('page')).toBeUndefined();
});

it('Law 2: stamping a part after it was read makes the page stale', async () => {
  await inner('old', ['a']);
  await stack.store.getOrLoad('page', {}, async () => {
    const body = text(await inner('old', ['a']));
    await stack.store.invalidate(['a']);
    return { body };
  });
  expect(stack.store.peek('page')).toBeUndefined();
});

it('a hit on a part is recorded like a load, three levels up', async () => {
  await inner('leaf', ['leaf']);
  const middle = () => stack.store.getOrLoad('middle', {}, async () => ({ body: text(await inner('leaf', [])) }));
  await middle();
  await stack.store.getOrLoad('top', {}, async () => ({ body: text(await middle()) }));
  await stack.store.invalidate(['leaf']);
  expect(stack.store.peek('top')).toBeUndefined();
});

it('deleting a part by its key makes the page stale too', async () => {
  await stack.store.getOrLoad('page', {}, async () => ({ body: text(await inner('part', [])) }));
  await stack.store.delete('part');
  expect(stack.store.peek('page')).toBeUndefined();
});

it('records across Promise.all, timers and streams', async () => {
  const { gathered } = await stack.dependencies.run(async () => {
    await Promise.all(['a', 'b', 'c'].map(async (tag, i) => (await sleep(i), stack.dependencies.addTags([tag]))));
    const stream = Readable.from(['d', 'e']);
    for await (const tag of stream) stack.dependencies.addTags([tag as string]);
    await new Promise<void>((resolve) => {
      Readable.from(['f'])
        .on('data', (tag: string) => stack.dependencies.addTags([tag]))
        .on('end', resolve);
    });
  });
  expect([...gathered.tags].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

it('concurrent scopes do not mix; an inner scope adds to the outer one, even when it throws', async () => {
  const one = (tag: string) => stack.dependencies.run(async () => (await sleep(1), stack.dependencies.addTags([tag])));
  const [a, b] = await Promise.all([one('a'), one('b')]);
  expect([[...a.gathered.tags], [...b.gathered.tags]]).toEqual([['a'], ['b']]);
  const outer = await stack.dependencies.run(async () => {
    await one('c');
    await stack.dependencies
      .run(() => (stack.dependencies.addTags(['d']), Promise.reject(new Error('lost'))))
      .catch(() => undefined);
  });
  expect([...outer.gathered.tags]).toEqual(['c', 'd']);
});

it('parts of different epochs make a whole that is never fresh', async () => {
  const page = await stack.store.getOrLoad('page', {}, async () => {
    const before = text(await inner('one', []));
    await stack.clock.renew();
    return { body: before + text(await inner('two', [])) };
  });
  expect(stack.clock.staleBecause(page.entry, page.entry.tags)).toEqual({ why: 'epoch' });
  expect(stack.store.peek('page')).toBeUndefined();
});

it('a page does not outlive its shortest-lived part', async () => {
  const rate = () =>
    stack.store.getOrLoad(
      'rate',
      { ttl: 100 },
      loader(() => '1.1'),
    );
  const page = await stack.store.getOrLoad('page', { ttl: 60_000 }, async () => ({ body: text(await rate()) }));
  const part = await rate();
  expect(page.entry.expiresAt).toBe(part.entry.expiresAt);
});
