import { AcknowledgedWrites } from '../../support/acknowledged-writes';
import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { TcpProxy } from '../../support/tcp-proxy';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

const MAX_LAG = 1_000;
const MINUTE = 60_000;
const STEPS = [-MINUTE, 61 * MINUTE];

let catalogue: WatchedCatalogue;
let toDatabase: TcpProxy;
let toRedis: TcpProxy;
let url: URL;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open(20);
});
afterAll(() => catalogue.dispose());

beforeEach(async () => {
  url = new URL(catalogue.url);
  toDatabase = await TcpProxy.to(Number(url.port || 5432));
  toRedis = await TcpProxy.to(Number(new URL(catalogue.redisUrl).port || 6379));
  url.host = `127.0.0.1:${toDatabase.port}`;
});
afterEach(async () => {
  await stopNodes();
  await Promise.all([toDatabase.close(), toRedis.close()]);
});

const trust = (node: EvictionNode): Promise<{ state: string }> => node.call('trust');
let stock = 700_000;

const MODES: (readonly ['bounded' | 'strict', number])[] = [
  ['bounded', MAX_LAG],
  ['strict', 0],
];

describe.each(MODES)('%s', (consistency, bound) => {
  it.each([
    ['the database', () => [toDatabase]],
    ['Redis', () => [toRedis]],
  ])('%s cut off while the wall clock steps: no read is behind what was acknowledged', async (_name, wires) => {
    const caching = { consistency, maxLag: MAX_LAG, grace: 0 };
    const [writer, node] = await Promise.all([
      catalogue.node({ caching }),
      catalogue.node({ database: url.href, caching: { ...caching, redis: { url: toRedis.url } } }),
    ]);
    await eventually(() => warm([writer, node], 'detail', 1));
    stock += 50_000;
    const claim = AcknowledgedWrites.start(bound, () => writer, [() => node, () => node], 1, stock);
    for (const step of STEPS) {
      for (const wire of wires()) wire.refuse();
      await node.call('stepWallClock', step);
      // In its own time the node finds out that it has no proof any more, and says so.
      await eventually(async () => (await trust(node)).state === 'unproved');
      for (const wire of wires()) wire.heal();
      await eventually(async () => (await trust(node)).state === 'proved');
      const seen = claim.acknowledged;
      await eventually(() => claim.acknowledged > seen + 20);
    }
    await claim.stop();
    expect(claim.behind).toEqual([]);
    await eventually(() => warm([writer, node], 'detail', 1));
  });
});
