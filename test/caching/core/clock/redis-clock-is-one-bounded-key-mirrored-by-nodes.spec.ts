import { RedisServer } from '../../../support/redis-server';
import { eventually } from '../../../support/eventually';
import { closeStacks, live, loader, node, read, text } from '../../../support/stacks';
import { needs } from '../../../support/needs';

needs('redis-server');

let server: RedisServer;
beforeEach(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  await closeStacks();
  await server.stop();
});

const options = (prefix = 'clock') => ({ prefix, l2Timeout: 1_000, maxLag: 400, redis: { url: server.url } });

it('is one key, and its stamps stay within their bound', async () => {
  const near = await node({ ...options(), maxTags: 500 });
  for (let i = 0; i < 40; i++) await near.store.invalidate(Array.from({ length: 200 }, (_, n) => `t${i}:${n}`));
  expect(await server.command('KEYS', '*')).toEqual(['{clock}:clock']);
  expect(await server.command('ZCARD', '{clock}:clock')).toBeLessThanOrEqual(500 + 3);
  expect(await server.command('ZCARD', '{clock}:clock')).toBeGreaterThan(200);
});

it('a node that starts late learns every stamp, more than one page of them', async () => {
  const near = await node(options());
  const { tick } = near.clock.instant();
  const tags = Array.from({ length: 12_345 }, (_, i) => `t${i}`);
  await near.store.invalidate(tags);
  const late = await node(options());
  await live(late);
  const old = { ...late.clock.instant(), tick };
  expect(late.clock.instant().tick).toBe(near.clock.instant().tick);
  expect(tags.filter((tag) => late.clock.staleBecause(old, [tag]) === undefined)).toEqual([]);
});

it('learns stamps from the heartbeat when their messages are lost', async () => {
  const near = await node(options());
  await read(near, 'key', () => 'old', ['t']);
  // The tag first: a heartbeat between the two may see a tag too early, and never a tick whose tag is still to come.
  await server.command('ZADD', '{clock}:clock', '1', 't:t');
  await server.command('ZINCRBY', '{clock}:clock', '-1', 'tick');
  await eventually(async () => (await read(near, 'key', () => 'new', ['t'])) === 'new');
});

it('ignores malformed messages on its channel', async () => {
  const near = await node(options());
  const before = near.clock.instant();
  for (const message of ['', 'x', '{}', 'null', '[1,2,3]', '["e","1",0,["t"]]']) {
    await server.command('PUBLISH', '{clock}:stamps', message);
  }
  await near.store.invalidate(['a']);
  expect(near.clock.instant()).toEqual({ ...before, tick: before.tick + 1 });
});

describe('Law 6: no proof, no trust. With Redis gone', () => {
  /** Reads one key for a second and says how often it was loaded. */
  async function loadsInASecond(consistency: 'bounded' | 'strict'): Promise<{ loads: number; reads: number }> {
    const near = await node({ ...options(), consistency });
    await live(near);
    await server.kill();
    await eventually(() =>
      near.clock.now().then(
        () => false,
        () => true,
      ),
    );
    let loads = 0;
    let reads = 0;
    const next = loader(() => `${++loads}`);
    for (const until = performance.now() + 1_000; performance.now() < until; reads++) {
      text(await near.store.getOrLoad('key', {}, next));
      if (reads % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return { loads, reads };
  }

  it('bounded serves from L1 for maxLag after each load', async () => {
    const { loads, reads } = await loadsInASecond('bounded');
    expect(reads).toBeGreaterThan(100);
    expect(loads).toBeGreaterThanOrEqual(2);
    expect(loads).toBeLessThanOrEqual(5);
  });

  it('strict loads for every reader', async () => {
    const { loads, reads } = await loadsInASecond('strict');
    expect(loads).toBe(reads);
  });
});
