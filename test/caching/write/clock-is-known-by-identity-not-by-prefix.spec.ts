import { AcknowledgedWrites } from '../../support/acknowledged-writes';
import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { RedisServer } from '../../support/redis-server';
import { TcpProxy } from '../../support/tcp-proxy';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';
import { effort, slowIt } from '../../support/effort';

needs('postgres', 'redis-server');

const MAX_LAG = 1_000;
const MODES: (readonly ['bounded' | 'strict', number])[] = [
  ['bounded', MAX_LAG],
  ['strict', 0],
];

let catalogue: WatchedCatalogue;
let first: RedisServer;
let second: RedisServer;
let wire: TcpProxy;

beforeAll(async () => {
  [catalogue, first, second] = await Promise.all([WatchedCatalogue.open(20), RedisServer.start(), RedisServer.start()]);
});
afterAll(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await catalogue.dispose();
});

beforeEach(async () => {
  wire = await TcpProxy.to(first.port);
});
afterEach(async () => {
  await stopNodes();
  await wire.close();
});

let stock = 200_000;
const node = (url: string, consistency: 'bounded' | 'strict' = 'bounded'): Promise<EvictionNode> =>
  catalogue.node({ caching: { redis: { url }, consistency, maxLag: MAX_LAG, grace: 0 } });
const trust = (of: EvictionNode): Promise<{ state: string; cause?: string }> => of.call('trust');
const hasStock = async (of: EvictionNode, id: number): Promise<void> =>
  expect((await of.read('detail', id)).value).toContain(`"stock":${stock},`);

it('two Redis servers under one prefix on one database: the second node refuses to start and names the settings', async () => {
  await node(first.url);
  await expect(node(second.url)).rejects.toThrow(/REDIS_URL.*CACHE_PREFIX/);
  await node(first.url);
});

describe('a failover that one node notices before the others', () => {
  let others: TcpProxy;
  beforeEach(async () => {
    others = await TcpProxy.to(first.port);
    await second.command('FLUSHALL');
  });
  afterEach(() => others.close());

  /** The one that moved has cached what it read after its move and before a write of the one that stayed. */
  const oneMoved = async (id: number): Promise<[moved: EvictionNode, stayed: EvictionNode]> => {
    const [moved, stayed] = await Promise.all([node(wire.url), node(others.url)]);
    await eventually(() => warm([moved, stayed], 'detail', id));
    wire.retarget(second.port);
    await eventually(async () => (await trust(moved)).cause === 'CACHE_CLOCK_CONFLICT');
    await moved.read('detail', id);
    stock += 1;
    await stayed.write('update()', id, stock);
    return [moved, stayed];
  };

  it('what was cached before the last node moved is not trusted afterwards, on any node', async () => {
    const [moved, stayed] = await oneMoved(5);
    others.retarget(second.port);
    for (const each of [moved, stayed]) await eventually(async () => (await trust(each)).state === 'proved');
    for (const each of [moved, stayed, await node(second.url)]) await hasStock(each, 5);
  });

  it('nor on a new node, where both have ended', async () => {
    const nodes = await oneMoved(6);
    await Promise.all(nodes.map((each) => each.kill()));
    await hasStock(await node(second.url), 6);
  });
});

describe('a node that falls silent holds its clock no longer than its proofs hold', () => {
  it('it is stopped, and Redis fails over: a new node starts, the others join the new clock, and so does it when it goes on', async () => {
    const redis = await TcpProxy.to(first.port);
    const [stopped, lives] = await Promise.all([node(redis.url), node(redis.url)]);
    try {
      await eventually(() => warm([stopped, lives], 'detail', 7));
      stopped.child.kill('SIGSTOP');
      redis.retarget(second.port);
      const starts = await node(second.url);
      await eventually(async () => (await trust(lives)).state === 'proved');
      stock += 1;
      await lives.write('update()', 7, stock);
      stopped.child.kill('SIGCONT');
      await eventually(async () => (await trust(stopped)).state === 'proved');
      for (const each of [stopped, lives, starts]) await hasStock(each, 7);
    } finally {
      stopped.child.kill('SIGCONT');
      await stopNodes();
      await redis.close();
    }
  });

  it('its host loses power: the same', async () => {
    const database = new URL(catalogue.url);
    const cable = await TcpProxy.to(Number(database.port || 5432));
    database.host = `127.0.0.1:${cable.port}`;
    try {
      const dies = await catalogue.node({ database: database.href, caching: { redis: { url: first.url } } });
      const lives = await node(wire.url);
      cable.vanish();
      await dies.kill();
      wire.retarget(second.port);
      await node(second.url);
      await eventually(async () => (await trust(lives)).state === 'proved');
    } finally {
      await cable.close();
    }
  });
});

describe.each(effort(MODES.slice(1), MODES))('%s', (consistency, bound) => {
  it('an address that leads to another Redis while other nodes stay: that node trusts nothing, until it leads back', async () => {
    const [stays, moves] = await Promise.all([node(first.url, consistency), node(wire.url, consistency)]);
    await eventually(() => warm([stays, moves], 'detail', 1));
    // Only the node that stays writes: the other one never stamps anything.
    const claim = AcknowledgedWrites.start(bound, () => stays, [() => moves, () => moves], 1, (stock += 10_000));
    wire.retarget(second.port);
    await eventually(async () => (await trust(moves)).cause === 'CACHE_CLOCK_CONFLICT');
    const seen = claim.acknowledged;
    await eventually(() => claim.acknowledged > seen + 20);
    wire.retarget(first.port);
    await eventually(async () => (await trust(moves)).state === 'proved');
    await claim.stop();
    expect(claim.behind).toEqual([]);
    await eventually(() => warm([stays, moves], 'detail', 1));
  });

  slowIt('an address that leads to another Redis and back: what was stamped there is not forgotten', async () => {
    const alone = await node(wire.url, consistency);
    await eventually(() => warm([alone], 'detail', 2));
    const claim = AcknowledgedWrites.start(bound, () => alone, [() => alone, () => alone], 2, (stock += 10_000));
    for (const server of [second, first, second, first]) {
      const seen = claim.acknowledged;
      await eventually(() => claim.acknowledged > seen + 10);
      wire.retarget(server.port);
    }
    const seen = claim.acknowledged;
    await eventually(() => claim.acknowledged > seen + 10);
    await claim.stop();
    expect(claim.behind).toEqual([]);
    await eventually(() => warm([alone], 'detail', 2));
  });

  slowIt('the same where the node restarts meanwhile, and so never saw the epoch that comes back', async () => {
    const before = await node(wire.url, consistency);
    await eventually(() => warm([before], 'detail', 3));
    await before.stop();
    wire.retarget(second.port);
    const after = await node(wire.url, consistency);
    await eventually(() => warm([after], 'detail', 4));
    stock += 10_000;
    await after.write('update()', 3, stock);
    wire.retarget(first.port);
    const claim = AcknowledgedWrites.start(bound, () => after, [() => after], 3, stock);
    await eventually(async () => (await trust(after)).state === 'proved' && claim.acknowledged > 10);
    await claim.stop();
    expect(claim.behind).toEqual([]);
  });
});
