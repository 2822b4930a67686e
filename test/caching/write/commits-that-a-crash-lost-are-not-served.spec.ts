import { stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { PostgresServer } from '../../support/postgres-server';
import { RedisServer } from '../../support/redis-server';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

let postgres: PostgresServer;
let redis: RedisServer;
let catalogue: WatchedCatalogue;

beforeAll(async () => {
  // Nothing but a commit that waits for it writes the log to the disk.
  const settings = { wal_writer_delay: '10s', checkpoint_timeout: '1h', autovacuum: 'off' };
  [postgres, redis] = await Promise.all([PostgresServer.start(settings), RedisServer.start()]);
  catalogue = await WatchedCatalogue.on(postgres, redis);
});
afterAll(async () => {
  await stopNodes();
  await Promise.all([postgres.stop(), redis.stop()]);
});

async function stockInTable(): Promise<number> {
  return (await catalogue.sql<{ stock: number }>('SELECT stock FROM products WHERE id = 1'))[0]!.stock;
}

it('a write with synchronous_commit = off that was cached, and then lost', async () => {
  const nodes = await Promise.all([
    catalogue.node({ caching: { grace: 0 } }),
    catalogue.node({ caching: { grace: 0 } }),
  ]);
  await catalogue.sql('UPDATE products SET stock = 71 WHERE id = 1');
  await eventually(async () => (await warm(nodes, 'detail', 1)).includes('"stock":71,'));
  // On the disk is now also that the record of this write is drained.
  await catalogue.sql('UPDATE products SET stock = stock + 1 WHERE id = 3');
  await catalogue.sql('SET synchronous_commit = off; UPDATE products SET stock = 72 WHERE id = 1');
  await eventually(async () => (await warm(nodes, 'detail', 1)).includes('"stock":72,'));
  const [victim] = await catalogue.sql<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'strata-outbox' LIMIT 1`,
  );
  process.kill(victim!.pid, 'SIGKILL');
  expect(await eventually(stockInTable)).toBe(71);
  // Only when both nodes have proofs again: a read before that would load the row, and hide what is claimed.
  await catalogue.sql('UPDATE products SET stock = 73 WHERE id = 2');
  for (const node of nodes) await eventually(async () => (await node.read('detail', 2)).value.includes('"stock":73,'));
  await eventually(() => warm(nodes, 'detail', 2));
  for (const node of nodes) await eventually(async () => (await node.read('detail', 1)).value.includes('"stock":71,'));
  await eventually(async () => (await warm(nodes, 'detail', 1)).includes('"stock":71,'));
});
