import { userTag } from '../../../../src/caching';
import { eventually } from '../../../support/eventually';
import { HandDrivenClock } from '../../../support/hand-driven-clock';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node, read } from '../../../support/stacks';
import { needs } from '../../../support/needs';

const listTag = userTag('list');
const PSEUDONYM = /^list:~[\w-]{28}$/;

afterEach(closeStacks);

it('a kind of tag has no colon and is not empty', () => {
  expect(() => userTag('')).toThrow(RangeError);
  expect(() => userTag('a:b')).toThrow(RangeError);
});

describe('on one node', () => {
  it('an invalidated user is a miss, however the tag was written, and another user is not', async () => {
    const stack = await node({});
    const users = ['alice', 'bob', 'a b@example.com', 'ä\ud800', '', '~', `~${'x'.repeat(28)}`, 'a:b'];
    for (const [index, user] of users.entries()) {
      const before = await read(stack, `of ${index}`, () => 'before', [listTag(user)]);
      await read(stack, 'of carol', () => 'carol', [listTag('carol')]);
      await stack.store.invalidate([`list:${user}`]);
      expect([before, await read(stack, `of ${index}`, () => 'after', [listTag(user)])]).toEqual(['before', 'after']);
      if (user !== '~') expect(stack.store.peek('of carol')).toBeDefined();
    }
  });

  it('entries, events and dependencies have the pseudonym, twice translated or once', async () => {
    const stack = await node({});
    const stamped: string[] = [];
    stack.events.on('stamped', (tags) => stamped.push(...tags));
    await read(stack, 'key', () => 'value', ['other:alice', listTag('alice')]);
    const tags = stack.l1.peek('key')!.tags;
    expect(tags).toEqual(['@key:key', 'other:alice', expect.stringMatching(PSEUDONYM), 'list:~']);
    expect(stack.clock.dependencyTexts(tags)).toEqual([...tags]);
    await stack.store.invalidate(['list:alice']);
    expect(stamped).toEqual([tags[2]]);
    expect(await stack.clock.stamp([tags[2]!])).toBeDefined();
  });

  it('a pseudonym differs from process to process, and is the same at each call', async () => {
    const [one, two] = [await node({}), await node({})];
    expect(one.clock.pseudonym('alice')).toBe(one.clock.pseudonym('alice'));
    expect(one.clock.pseudonym('alice')).not.toBe(one.clock.pseudonym('bob'));
    expect(one.clock.pseudonym('alice')).not.toBe(two.clock.pseudonym('alice'));
  });
});

describe('on a shared Redis', () => {
  needs('redis-server');
  let redis: RedisServer;
  beforeAll(async () => (redis = await RedisServer.start()));
  afterAll(() => redis.stop());

  it('all nodes share the pseudonyms, with or without a secret, and Redis never holds a name', async () => {
    for (const secret of [undefined, 'one secret of all nodes, long enough']) {
      const prefix = `p${secret === undefined ? 0 : 1}`;
      const options = { redis: { url: redis.url }, prefix, secret };
      const [one, two] = [await node(options), await node(options)];
      await Promise.all([live(one), live(two)]);
      expect(one.clock.pseudonym('alice')).toBe(two.clock.pseudonym('alice'));
      await read(one, 'of alice', () => 'before', [listTag('alice')]);
      await read(one, 'of bob', () => 'bob', [listTag('bob')]);
      await two.store.invalidate(['list:alice']);
      await one.clock.now();
      expect(one.store.peek('of alice')).toBeUndefined();
      expect(one.store.peek('of bob')).toBeDefined();
      const clock = await one.redis!.send<string[]>(`{${prefix}}:clock`, ['ZRANGE', `{${prefix}}:clock`, '0', '-1']);
      expect(clock.filter((member) => member.includes('alice'))).toEqual([]);
      expect(clock.filter((member) => PSEUDONYM.test(member.slice(2)))).toHaveLength(1);
    }
  });

  it('nodes with different secrets still meet: a rotation leaves nothing stale', async () => {
    const base = { redis: { url: redis.url }, prefix: 'rotated' };
    const old = await node({ ...base, secret: 'the old secret of the nodes, long enough' });
    const fresh = await node({ ...base, secret: 'the new secret of the nodes, long enough' });
    await Promise.all([live(old), live(fresh)]);
    await read(old, 'of alice', () => 'before', [listTag('alice')]);
    await fresh.store.invalidate(['list:alice']);
    await old.clock.now();
    expect(old.store.peek('of alice')).toBeUndefined();
    // Entries that the other secret signed are misses.
    await read(old, 'of bob', () => 'old', [listTag('bob')]);
    await old.store.idle();
    expect(await read(fresh, 'of bob', () => 'new', [listTag('bob')])).toBe('new');
  });

  it('a clear keeps readers and writers on the same pseudonyms', async () => {
    const options = { redis: { url: redis.url }, prefix: 'cleared' };
    const [one, two] = [await node(options), await node(options)];
    await Promise.all([live(one), live(two)]);
    await one.store.clear();
    await read(one, 'of alice', () => 'before', [listTag('alice')]);
    // This node may not know of the new epoch when it makes the pseudonym.
    await two.store.invalidate(['list:alice']);
    await eventually(async () => {
      await one.clock.now();
      expect(one.store.peek('of alice')).toBeUndefined();
    });
  });
});

describe('while this node does not know the epoch that it stamps', () => {
  it('all users of the kind are stamped too', async () => {
    const driven = await new HandDrivenClock().begin('E', 1);
    const stamped = driven.stamp(['list:alice', 'product:1']);
    (await driven.next('stamp')).answer('F', 5);
    (await driven.next('since')).answer('F', 5);
    const again = await driven.next('stamp');
    expect(again.tags).toEqual(['list:~']);
    again.answer('F', 6);
    expect(await stamped).toBe(true);
  });

  it('a stamp that failed is sent again for all users of the kind', async () => {
    const driven = await new HandDrivenClock().begin('E', 1);
    const stamped = driven.stamp(['list:alice']);
    (await driven.next('stamp')).lose();
    expect(await stamped).toBe(false);
    const beat = driven.clock.beat();
    const again = await driven.next('stamp');
    expect(again.tags).toEqual([expect.stringMatching(PSEUDONYM), 'list:~']);
    again.answer('E', 2);
    (await driven.next('since')).answer('E', 2);
    await beat;
  });

  it('what is not a tag of a user is stamped once', async () => {
    const driven = await new HandDrivenClock().begin('E', 1);
    const stamped = driven.stamp(['product:1']);
    (await driven.next('stamp')).answer('F', 5);
    (await driven.next('since')).answer('F', 5);
    expect(await stamped).toBe(true);
    await expect(driven.next('stamp')).rejects.toThrow('did not ask');
  });
});
