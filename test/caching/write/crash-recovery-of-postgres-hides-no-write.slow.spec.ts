import { AcknowledgedWrites } from '../../support/acknowledged-writes';
import { EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually, pause } from '../../support/eventually';
import { needs } from '../../support/needs';
import { PostgresServer } from '../../support/postgres-server';
import { RedisServer } from '../../support/redis-server';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

const MAX_LAG = 1_000;

let postgres: PostgresServer;
let redis: RedisServer;
let catalogue: WatchedCatalogue;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([PostgresServer.start(), RedisServer.start()]);
  catalogue = await WatchedCatalogue.on(postgres, redis);
});
afterAll(async () => {
  await Promise.all([postgres.stop(), redis.stop()]);
});
afterEach(stopNodes);

/** SIGKILL for one backend: the server ends all others, and recovers. */
async function killBackend(which: string): Promise<void> {
  const backend = await eventually(async () => {
    const rows = await catalogue.sql<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
         AND (application_name = 'strata-outbox') = ($1 = 'drain') LIMIT 1`,
      [which],
    );
    if (!rows[0]) throw new Error('no such backend');
    return rows[0];
  });
  process.kill(backend.pid, 'SIGKILL');
}

/** As many writers as make it certain that one is between its commit and its stamp. */
const PRODUCTS = [1, 2, 3, 4, 5, 6, 7, 8];
/** Milliseconds of a recovery: longer than any writer waits for its stamp. */
const RECOVERY = 2_500;

let stock = 400_000;

it.each([
  ['bounded', MAX_LAG],
  ['strict', 0],
] as const)('%s: backends are killed under writes; no read is behind what was acknowledged', async (mode, bound) => {
  const start = (): Promise<EvictionNode> =>
    catalogue.node({ caching: { consistency: mode, maxLag: MAX_LAG, grace: 0 } });
  const nodes = await Promise.all([start(), start()]);
  const [writer, other] = nodes;
  for (const id of PRODUCTS) await eventually(() => warm(nodes, 'detail', id));
  stock += 100_000;
  const claims = PRODUCTS.map((id) =>
    AcknowledgedWrites.start(bound, () => writer, [() => writer, () => other], id, stock),
  );
  const goesOn = async (): Promise<void> => {
    const seen = claims.map(({ acknowledged }) => acknowledged);
    await eventually(() => claims.every(({ acknowledged }, index) => acknowledged > seen[index]! + 5));
  };
  for (let kill = 0; kill < 30; kill += 1) {
    await goesOn();
    await killBackend(kill % 2 === 0 ? 'drain' : 'writer');
    // The server ends the other backends; then it takes its time to recover.
    await pause(20);
    process.kill(postgres.pid, 'SIGSTOP');
    try {
      await pause(RECOVERY);
    } finally {
      process.kill(postgres.pid, 'SIGCONT');
    }
  }
  await goesOn();
  await Promise.all(claims.map((claim) => claim.stop()));
  expect(claims.flatMap(({ behind }) => behind)).toEqual([]);
  expect(claims.reduce((sum, { reads }) => sum + reads, 0)).toBeGreaterThan(100);
  for (const node of nodes) {
    expect(node.child.exitCode).toBeNull();
    await eventually(async () => (await node.call<{ state: string }>('trust')).state === 'proved');
  }
  await eventually(() => warm(nodes, 'detail', 1));
});
