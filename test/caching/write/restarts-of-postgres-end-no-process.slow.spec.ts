import { AcknowledgedWrites } from '../../support/acknowledged-writes';
import { stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { PostgresServer } from '../../support/postgres-server';
import { RedisServer } from '../../support/redis-server';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

const MAX_LAG = 1_000;
const ROUNDS = 25;
const PRODUCTS = [1, 2, 3, 4];

let postgres: PostgresServer;
let redis: RedisServer;
let catalogue: WatchedCatalogue;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([PostgresServer.start({ fsync: 'on' }), RedisServer.start()]);
  catalogue = await WatchedCatalogue.on(postgres, redis);
});
afterAll(async () => {
  await Promise.all([postgres.stop(), redis.stop()]);
});
afterEach(stopNodes);

const FAULTS: [what: string, act: () => Promise<unknown>][] = [
  [
    'every backend is terminated',
    () =>
      catalogue.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      ),
  ],
  [
    'PostgreSQL is stopped at once and started again',
    async () => {
      await postgres.kill();
      await postgres.up();
    },
  ],
];

describe.each([
  ['bounded', MAX_LAG],
  ['strict', 0],
] as const)('%s', (consistency, bound) => {
  it.each(FAULTS)(`%s ${ROUNDS} times under load: no process ends, no read is behind`, async (_what, act) => {
    const start = (): ReturnType<WatchedCatalogue['node']> =>
      catalogue.node({ caching: { consistency, maxLag: MAX_LAG, grace: 0 } });
    const nodes = await Promise.all([start(), start()]);
    for (const id of PRODUCTS) await eventually(() => warm(nodes, 'detail', id));
    const [{ last }] = (await catalogue.sql<{ last: number }>('SELECT max(stock) AS last FROM products')) as [
      { last: number },
    ];
    const claims = PRODUCTS.map((id) =>
      AcknowledgedWrites.start(bound, () => nodes[0], [() => nodes[0], () => nodes[1]], id, last + 1),
    );
    for (let round = 0; round < ROUNDS; round += 1) {
      const seen = claims.map(({ acknowledged }) => acknowledged);
      await eventually(() => claims.every(({ acknowledged }, index) => acknowledged > seen[index]!));
      await act();
    }
    await Promise.all(claims.map((claim) => claim.stop()));
    expect(claims.flatMap(({ behind }) => behind)).toEqual([]);
    expect(nodes.map(({ child }) => child.exitCode)).toEqual([null, null]);
    await eventually(() => warm(nodes, 'detail', 1));
    expect(claims.reduce((sum, { reads }) => sum + reads, 0)).toBeGreaterThan(ROUNDS);
  });
});
