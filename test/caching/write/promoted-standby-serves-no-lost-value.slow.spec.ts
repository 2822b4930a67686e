import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { PostgresServer } from '../../support/postgres-server';
import { RedisServer } from '../../support/redis-server';
import { sql } from '../../support/sql';
import { TcpProxy } from '../../support/tcp-proxy';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

let primary: PostgresServer;
let standby: PostgresServer;
let redis: RedisServer;
let catalogue: WatchedCatalogue;
/** The address that nodes connect to, and the way by which the standby follows. */
let address: TcpProxy;
let replication: TcpProxy;

beforeEach(async () => {
  [primary, redis] = await Promise.all([PostgresServer.start(), RedisServer.start()]);
  catalogue = await WatchedCatalogue.on(primary, redis);
  [address, replication] = await Promise.all([TcpProxy.to(primary.port), TcpProxy.to(primary.port)]);
  standby = await primary.standby(replication.port);
});
afterEach(async () => {
  await stopNodes();
  await Promise.all([address.close(), replication.close()]);
  await Promise.all([primary.stop(), standby.stop(), redis.stop()]);
});

const HELD = '"stock":600001,';
const LOST = '"stock":600002,';
const stock = async (server: PostgresServer): Promise<number> =>
  (await sql<{ stock: number }>(server.url, 'SELECT stock FROM products WHERE id = 1'))[0]!.stock;

function node(consistency: 'bounded' | 'strict'): Promise<EvictionNode> {
  const url = new URL(primary.url);
  url.port = String(address.port);
  return catalogue.node({ database: url.href, caching: { consistency, grace: 0 } });
}

/** Every node has a value in its own memory and in Redis that the standby never received. Then the primary is gone for good. */
async function loseOneWrite(nodes: EvictionNode[]): Promise<void> {
  await nodes[0]!.write('update()', 1, 600_001);
  await eventually(async () => (await stock(standby)) === 600_001);
  replication.refuse();
  await nodes[0]!.write('update()', 1, 600_002);
  expect(await eventually(() => warm(nodes, 'detail', 1))).toContain(LOST);
  await primary.kill();
  // The last proof was of the old primary: it holds for at most CACHE_MAX_LAG.
  await Promise.all(nodes.map((one) => untilTrust(one, false)));
  expect(await stock(standby)).toBe(600_001);
}

function untilTrust(one: EvictionNode, isProved: boolean): Promise<unknown> {
  return eventually(async () => ((await one.call<{ state: string }>('trust')).state === 'proved') === isProved);
}

async function promote(): Promise<void> {
  await sql(standby.url, 'SELECT pg_promote()');
  address.retarget(standby.port);
}

it.each(['bounded', 'strict'] as const)(
  '%s: nodes that live on return what the new primary has',
  async (consistency) => {
    const nodes = await Promise.all([node(consistency), node(consistency)]);
    await loseOneWrite(nodes);
    await promote();
    for (const one of nodes) {
      await eventually(async () => (await one.call<{ state: string }>('trust')).state === 'proved');
      // A proof is of the new primary: nothing of before counts.
      for (let n = 0; n < 3; n += 1) expect((await one.read('detail', 1)).value).toContain(HELD);
    }
    await nodes[1].write('update()', 1, 600_003);
    await eventually(async () => (await nodes[0].read('detail', 1)).value.includes('"stock":600003,'));
  },
);

it('a node that starts after the promotion does not serve what Redis has of the lost write', async () => {
  const before = await node('bounded');
  await loseOneWrite([before]);
  await before.kill();
  await promote();
  const after = await node('bounded');
  expect((await after.read('detail', 1)).value).toContain(HELD);
  expect(await eventually(() => warm([after], 'detail', 1))).toContain(HELD);
});

it('while nodes reach only the standby, they serve nothing that it may lack, and drain as soon as it is promoted', async () => {
  const one = await node('bounded');
  await loseOneWrite([one]);
  address.retarget(standby.port);
  // It takes reads and no writes: there is no proof, and nothing cached is served.
  await eventually(async () => (await one.read('detail', 1)).value.includes(HELD));
  await sql(standby.url, 'SELECT pg_promote()');
  await untilTrust(one, true);
  await one.write('update()', 1, 600_004);
  expect((await one.read('detail', 1)).value).toContain('"stock":600004,');
});
