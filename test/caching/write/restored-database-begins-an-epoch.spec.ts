import { stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { PgDump } from '../../support/pg-dump';
import { sql } from '../../support/sql';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';
import { effort, slowIt } from '../../support/effort';

needs('postgres', 'redis-server', 'psql');

let catalogue: WatchedCatalogue;
let dump: PgDump;
let old: string;

beforeEach(async () => {
  catalogue = await WatchedCatalogue.open(20);
  old = stockOf(await detail());
  dump = await PgDump.of(catalogue.url);
});
afterEach(async () => {
  await stopNodes();
  dump.discard();
  await sql(catalogue.url, `DROP DATABASE IF EXISTS ${nameOf(another())} WITH (FORCE)`);
  await catalogue.dispose();
});

const NEW = '"stock":500001,';
const stockOf = (text: string): string => /"stock":\d+,/.exec(text)![0];
const nameOf = (url: string): string => new URL(url).pathname.slice(1);
const detail = async (url = catalogue.url): Promise<string> =>
  JSON.stringify(await sql(url, 'SELECT * FROM products WHERE id = 1'));

/** A database beside the catalogue's, on the same server. */
function another(): string {
  const url = new URL(catalogue.url);
  url.pathname += '_restored';
  return url.href;
}

async function restoreIntoAnother(): Promise<string> {
  await sql(catalogue.url, `CREATE DATABASE ${nameOf(another())}`);
  await dump.restore(another());
  return another();
}

it.each(effort<('bounded' | 'strict')[]>(['bounded'], ['bounded', 'strict']))(
  'into a new database under the same prefix, %s: what was cached of the lost one is not served',
  async (consistency) => {
    const before = await catalogue.node({ caching: { consistency } });
    await before.write('update()', 1, 500_001);
    expect(await eventually(() => warm([before], 'detail', 1))).toContain(NEW);
    await before.stop();
    const after = await catalogue.node({ database: await restoreIntoAnother(), caching: { consistency } });
    expect((await after.read('detail', 1)).value).toContain(old);
    expect(await eventually(() => warm([after], 'detail', 1))).toContain(old);
    await after.write('update()', 1, 500_002);
    expect((await after.read('detail', 1)).value).toContain('"stock":500002,');
  },
);

slowIt('the same where the node before was killed, and so never said that it left', async () => {
  const before = await catalogue.node();
  await before.write('update()', 1, 500_001);
  expect(await eventually(() => warm([before], 'detail', 1))).toContain(NEW);
  await before.kill();
  const after = await catalogue.node({ database: await restoreIntoAnother() });
  expect((await after.read('detail', 1)).value).toContain(old);
});

it('pg_restore --clean into the same database while nodes run: they return what was restored, and trust comes back', async () => {
  const nodes = await Promise.all([catalogue.node(), catalogue.node()]);
  await nodes[0].write('update()', 1, 500_001);
  expect(await eventually(() => warm(nodes, 'detail', 1))).toContain(NEW);
  await dump.restore(catalogue.url, '--clean', '--if-exists');
  for (const node of nodes) {
    await eventually(async () => (await node.read('detail', 1)).value.includes(old));
    await eventually(async () => (await node.call<{ state: string }>('trust')).state === 'proved');
  }
  // Nothing of before comes back from Redis either.
  expect(await eventually(() => warm(nodes, 'detail', 1))).toContain(old);
  await nodes[1].write('update()', 1, 500_003);
  await eventually(async () => (await nodes[0].read('detail', 1)).value.includes('"stock":500003,'));
});

slowIt('pg_restore --clean while no node runs: the next node does not serve what was lost', async () => {
  const before = await catalogue.node();
  await before.write('update()', 1, 500_001);
  expect(await eventually(() => warm([before], 'detail', 1))).toContain(NEW);
  await before.stop();
  await dump.restore(catalogue.url, '--clean', '--if-exists');
  const after = await catalogue.node();
  expect((await after.read('detail', 1)).value).toContain(old);
});

slowIt('two live databases on one prefix: the second is refused, and both are named', async () => {
  await catalogue.node();
  const second = await restoreIntoAnother();
  const refused = catalogue.node({ database: second });
  await expect(refused).rejects.toThrow(/Give each database its own CACHE_PREFIX/);
  for (const url of [catalogue.url, second]) await expect(refused).rejects.toThrow(`database "${nameOf(url)}"`);
});
