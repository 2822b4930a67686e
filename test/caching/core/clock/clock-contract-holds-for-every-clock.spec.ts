import { randomUUID } from 'node:crypto';
import { CacheEventBus, parseRedisUrl, type TagClock } from '../../../../src/caching';
import { RedisClient } from '../../../../src/caching/core/redis/client';
import { MemoryTagClock } from '../../../../src/caching/core/clock/memory-tag-clock';
import { RedisClockTransport } from '../../../../src/caching/core/clock/redis-clock-transport';
import { RedisTagClock } from '../../../../src/caching/core/clock/redis-tag-clock';
import { systemTime } from '../../../../src/caching/core/async/time';
import { eventually } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { type Need, needs } from '../../../support/needs';

const MAX_TAGS = 1_000;

interface Kind {
  readonly name: string;
  needs: Need[];
  make(): Promise<TagClock>;
  end(): Promise<void>;
}

const memory: Kind = {
  name: 'MemoryTagClock',
  needs: [],
  make: () => Promise.resolve(new MemoryTagClock(MAX_TAGS, new CacheEventBus())),
  end: () => Promise.resolve(),
};

function redis(): Kind {
  let server: RedisServer | undefined;
  const links: RedisClient[] = [];
  return {
    name: 'RedisTagClock',
    needs: ['redis-server'],
    async make() {
      server ??= await RedisServer.start();
      const events = new CacheEventBus();
      const link = new RedisClient(parseRedisUrl(server.url), 2_000, events);
      links.push(link);
      const transport = new RedisClockTransport(link, randomUUID(), MAX_TAGS, events);
      const clock = new RedisTagClock(
        transport,
        { maxLag: 1_000, timeout: 2_000, maxTags: MAX_TAGS },
        systemTime,
        events,
      );
      await link.start();
      await eventually(() => clock.now());
      return clock;
    },
    async end() {
      links.forEach((link) => link.close());
      await server?.stop();
    },
  };
}

describe.each([memory, redis()])('$name', (kind) => {
  needs(...kind.needs);
  let clock: TagClock;
  beforeEach(async () => {
    clock = await kind.make();
  });
  afterAll(() => kind.end());

  it('calls fresh what was read before any stamp', () => {
    expect(clock.staleBecause(clock.instant(), ['a', 'b'])).toBeUndefined();
  });

  it('Law 3: calls stale what depends on a tag stamped after it was read, and names the tag', async () => {
    const before = clock.instant();
    await clock.stamp(['b']);
    expect(clock.staleBecause(before, ['a', 'b'])).toEqual({ why: 'stamped', tag: 'b' });
    expect(clock.staleBecause(before, ['a', 'c'])).toBeUndefined();
  });

  it('calls fresh what was read after the stamp', async () => {
    await clock.stamp(['a']);
    expect(clock.staleBecause(clock.instant(), ['a'])).toBeUndefined();
  });

  it('gives every stamp a later tick', async () => {
    const first = await clock.stamp(['a']);
    const second = await clock.stamp(['a']);
    expect(second.tick).toBeGreaterThan(first.tick);
    expect(second.epoch).toBe(first.epoch);
  });

  it('changes its version only when it learns a stamp', async () => {
    const start = clock.version;
    await clock.now();
    expect(clock.version).toBe(start);
    await clock.stamp(['a']);
    expect(clock.version).toBeGreaterThan(start);
  });

  it('accepts tags named like its own fields', async () => {
    const odd = ['tick', 'floor', 'epoch', 't:tick', '', 'epoch:x:y', '🙂', 'with "quotes"\n', '__proto__'];
    for (const tag of odd) {
      const before = clock.instant();
      await clock.stamp([tag]);
      expect(clock.staleBecause(before, [tag])).toEqual({ why: 'stamped', tag });
    }
    expect(clock.staleBecause(clock.instant(), odd)).toBeUndefined();
  });

  it('stamps more tags than one message holds', async () => {
    const before = clock.instant();
    const tags = Array.from({ length: MAX_TAGS - 1 }, (_, i) => `product:${i}`);
    await clock.stamp(tags);
    for (const tag of tags) expect(clock.staleBecause(before, [tag])?.why).toMatch(/stamped|floor/);
  });

  it('stamping nothing changes nothing', async () => {
    const before = clock.instant();
    await clock.stamp([]);
    expect(clock.instant()).toEqual(before);
  });

  it('forgets the oldest tags past its limit, and calls stale every value from before them', async () => {
    const before = clock.instant();
    await clock.stamp(['first']);
    const between = clock.instant();
    for (let i = 0; i < 12; i++) await clock.stamp(Array.from({ length: 100 }, (_, n) => `t${i}:${n}`));
    expect(clock.staleBecause(before, ['first'])).toEqual({ why: 'floor' });
    expect(clock.staleBecause(between, ['untouched'])).toEqual({ why: 'floor' });
    expect(clock.staleBecause(clock.instant(), ['first', 't0:0'])).toBeUndefined();
  });

  it('Law 7: renewing begins an epoch in which everything older is stale', async () => {
    const before = clock.instant();
    await clock.renew();
    expect(clock.instant().epoch).not.toBe(before.epoch);
    expect(clock.staleBecause(before, [])).toEqual({ why: 'epoch' });
    expect(clock.staleBecause(clock.instant(), ['a'])).toBeUndefined();
  });
});
