import { effort } from '../../support/effort';
import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

let catalogue: WatchedCatalogue;
let role: string;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open(20);
  role = await catalogue.addRole();
});
afterAll(() => catalogue.dispose());
afterEach(async () => {
  await stopNodes();
  await catalogue.sql(`ALTER ROLE ${role} RESET ALL`);
});

function start(): Promise<EvictionNode> {
  const url = new URL(catalogue.url);
  url.username = url.password = role;
  return catalogue.node({ database: url.href, caching: { consistency: 'strict' } });
}

/** Of the session that drains. */
async function session(): Promise<number> {
  const sql = `SELECT pid FROM pg_stat_activity WHERE usename = $1 AND application_name = 'strata-outbox'`;
  return (await catalogue.sql<{ pid: number }>(sql, [role]))[0]!.pid;
}

let stock = 7_000;

/** What is set for a role reaches every session that begins after it. */
const SETTINGS: [what: string, settings: Record<string, string>][] = [
  ['a transaction that idles is ended', { idle_in_transaction_session_timeout: '1ms' }],
  ['a lock is waited for 1 ms', { lock_timeout: '1ms' }],
  ['transactions are serializable', { default_transaction_isolation: 'serializable' }],
  ['transactions are repeatable reads', { default_transaction_isolation: 'repeatable read' }],
  ['commits wait for the disk', { synchronous_commit: 'on' }],
  ['index scans are off', { enable_indexscan: 'off', enable_tidscan: 'off' }],
  ['every plan is compiled', { jit_above_cost: '0' }],
  ['parallel plans are forced', { force_parallel_mode: 'on' }],
  [
    'values are printed in another way',
    { TimeZone: 'Asia/Kathmandu', IntervalStyle: 'iso_8601', bytea_output: 'escape', extra_float_digits: '-15' },
  ],
  ['backslashes escape', { standard_conforming_strings: 'off' }],
  ['statements are logged', { log_min_duration_statement: '0', log_parameter_max_length: '0' }],
];

it.each(effort(SETTINGS.slice(0, 3), SETTINGS))(
  '%s: each write is stamped before it is acknowledged, in one and the same session',
  async (_what, settings) => {
    for (const [name, value] of Object.entries(settings))
      await catalogue.sql(`ALTER ROLE ${role} SET ${name} = '${value}'`);
    const node = await start();
    await eventually(() => warm([node], 'detail', 1));
    const drains = await session();
    const { length } = Array.from({ length: 5 });
    for (let n = 0; n < length; n += 1) {
      stock += 1;
      await node.write('update()', 1, stock);
      expect((await node.read('detail', 1)).value).toContain(`"stock":${stock},`);
      await eventually(() => warm([node], 'detail', 1));
    }
    expect(await node.call('counts')).toMatchObject({ evictionLate: 0, drainFailed: 0 });
    expect(await session()).toBe(drains);
  },
);
