import { slowIt } from '../../support/effort';
import { EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { sql } from '../../support/sql';
import { runStrata } from '../../support/strata-process';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

/** Two tenants of one database: the tables of the first are in "public", those of the second in a schema of its own. */
let catalogue: WatchedCatalogue;
/** Of the first. */
let own: EvictionNode;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open(20);
  await catalogue.sql('CREATE SCHEMA tenant; CREATE SCHEMA extensions; ALTER EXTENSION pg_trgm SET SCHEMA extensions');
  const env = { DATABASE_URL: ofTenant(), REDIS_URL: catalogue.redisUrl, CACHE_PREFIX: `${catalogue.prefix}.tenant` };
  const { code, output } = await runStrata('cli/seed.js', ['--count', '20'], env);
  if (code !== 0) throw new Error(output);
  own = await catalogue.node();
});
afterAll(async () => {
  await stopNodes();
  await catalogue.dispose();
});

function ofTenant(): string {
  const url = new URL(catalogue.url);
  url.searchParams.set('options', '-c search_path=tenant,extensions');
  return url.href;
}

const tenant = (prefix: string): Promise<EvictionNode> => catalogue.node({ database: ofTenant(), caching: { prefix } });

it('under one prefix the second is refused: the message names both outboxes and advises another prefix', async () => {
  const refused = tenant(catalogue.prefix);
  await expect(refused).rejects.toThrow(/own CACHE_PREFIX/);
  for (const schema of ['public', 'tenant']) await expect(refused).rejects.toThrow(`${schema}.cache_outbox`);
});

it('each under its own prefix: both drain their own writes, and neither sees those of the other', async () => {
  const nodes = [own, await tenant(`${catalogue.prefix}.tenant`)] as const;
  for (const [node, stock] of [
    [nodes[0], 9_001],
    [nodes[1], 9_002],
  ] as const) {
    await eventually(() => warm([node], 'detail', 1));
    await node.write('update()', 1, stock);
    expect((await node.read('detail', 1)).value).toContain(`"stock":${stock},`);
    expect(await node.call('counts')).toMatchObject({ evictionLate: 0, drainFailed: 0 });
  }
  expect((await nodes[0].read('detail', 1)).value).toContain('"stock":9001,');
  // Another program's write into each schema is drained by the node of that schema.
  for (const [url, node, stock] of [
    [catalogue.url, nodes[0], 9_003],
    [ofTenant(), nodes[1], 9_004],
  ] as const) {
    await sql(url, 'UPDATE products SET stock = $1 WHERE id = 1', [stock]);
    await eventually(async () => (await node.read('detail', 1)).value.includes(`"stock":${stock},`));
  }
});

slowIt('two clocks on one outbox are refused still', async () => {
  await tenant(`${catalogue.prefix}.tenant`);
  await expect(tenant(`${catalogue.prefix}.third`)).rejects.toThrow(/another cache clock/);
});
