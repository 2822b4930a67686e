import { Client } from 'pg';
import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { PgBouncer } from '../../support/pg-bouncer';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server', 'pgbouncer');

let catalogue: WatchedCatalogue;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open(20);
});
afterAll(() => catalogue.dispose());
afterEach(stopNodes);

let stock = 6_000;

/** A write through the node is drained before it is acknowledged, and the next read is right. */
async function drains(node: EvictionNode): Promise<void> {
  await eventually(() => warm([node], 'detail', 1));
  stock += 1;
  await node.write('update()', 1, stock);
  expect((await node.read('detail', 1)).value).toContain(`"stock":${stock},`);
  expect(await node.call('counts')).toMatchObject({ evictionLate: 0, drainFailed: 0 });
  expect(await node.call('trust')).toMatchObject({ state: 'proved' });
}

/** TypeORM's options by host and password, as many applications write them. */
function byHost(): Record<string, unknown> {
  const { hostname, port, username, password, pathname } = new URL(catalogue.url);
  return {
    host: hostname,
    port: Number(port || 5432),
    username,
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  };
}

it('by host, user and password, on a server that asks for the password', async () => {
  await drains(await catalogue.node({ connection: byHost() }));
});

it('by the master of a replication', async () => {
  await drains(await catalogue.node({ connection: { replication: { master: byHost(), slaves: [byHost()] } } }));
});

describe('behind PgBouncer', () => {
  let bouncer: PgBouncer;
  afterEach(() => bouncer.stop());

  it('in transaction mode: it refuses to start and names the setting', async () => {
    bouncer = await PgBouncer.start(catalogue.url, 'transaction');
    await expect(catalogue.node({ database: bouncer.url })).rejects.toThrow(/DATABASE_DIRECT_URL/);
  });

  it('in transaction mode with a direct URL: writes are drained, and no setting reaches another client', async () => {
    bouncer = await PgBouncer.start(catalogue.url, 'transaction');
    const node = await catalogue.node({ database: bouncer.url, directUrl: catalogue.url });
    await drains(node);
    const other = new Client({ connectionString: bouncer.url });
    await other.connect();
    const { rows } = await other.query(
      `SELECT current_setting('synchronous_commit') AS durable, current_setting('statement_timeout') AS timeout,
              current_setting('enable_seqscan') AS scans, current_setting('cache_outbox.writer_drains', true) AS drains`,
    );
    await other.end();
    const [first] = rows as { durable: string; timeout: string; scans: string; drains: string | null }[];
    expect({ ...first, drains: first!.drains ?? '' }).toEqual({ durable: 'on', timeout: '0', scans: 'on', drains: '' });
  });

  it('a direct URL that leads to another database is refused, and both are named', async () => {
    bouncer = await PgBouncer.start(catalogue.url, 'transaction');
    const other = await WatchedCatalogue.open(20);
    try {
      const refused = catalogue.node({ database: bouncer.url, directUrl: other.url });
      await expect(refused).rejects.toThrow(/DATABASE_DIRECT_URL/);
      for (const { url } of [catalogue, other])
        await expect(refused).rejects.toThrow(`database "${new URL(url).pathname.slice(1)}"`);
    } finally {
      await other.dispose();
    }
  });

  it('in session mode: a session is as good as a direct one', async () => {
    bouncer = await PgBouncer.start(catalogue.url, 'session');
    await drains(await catalogue.node({ database: bouncer.url }));
  });
});
