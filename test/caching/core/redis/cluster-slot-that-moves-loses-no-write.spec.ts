import { eventually } from '../../../support/eventually';
import { needs } from '../../../support/needs';
import { RedisCluster } from '../../../support/redis-cluster';
import type { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node, read } from '../../../support/stacks';

needs('redis-server');

const CLOCK = '{moving}:clock';

let cluster: RedisCluster;
let unhandled: unknown[];
const note = (error: unknown): void => void unhandled.push(error);
beforeEach(async () => {
  unhandled = [];
  process.on('unhandledRejection', note);
  cluster = await RedisCluster.start();
});
afterEach(async () => {
  await closeStacks();
  await cluster.stop();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

const options = (user = '') => ({
  prefix: 'moving',
  l2Timeout: 1_000,
  maxLag: 2_000,
  redis: { url: cluster.url.replace('//', `//${user}`) },
});

/** A slot on its way from its owner to another master, as `redis-cli --cluster reshard` moves it. */
class Move {
  private constructor(
    private readonly slot: string,
    private readonly from: RedisServer,
    readonly to: RedisServer,
  ) {}

  static async begin(key: string): Promise<Move> {
    const slot = String(await cluster.servers[0]!.command('CLUSTER', 'KEYSLOT', key));
    const owned = await Promise.all(
      cluster.servers.map((server) => server.command<number>('CLUSTER', 'COUNTKEYSINSLOT', slot)),
    );
    const from = cluster.servers[owned.findIndex((keys) => keys > 0)]!;
    const to = cluster.servers.find((server) => server !== from)!;
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await from.command('CLUSTER', 'MYID'));
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await to.command('CLUSTER', 'MYID'));
    return new Move(slot, from, to);
  }

  /** From now on the old owner redirects commands on these keys by ASK. */
  async keys(): Promise<void> {
    const keys = await this.from.command<string[]>('CLUSTER', 'GETKEYSINSLOT', this.slot, '100');
    await this.from.command('MIGRATE', '127.0.0.1', String(this.to.port), '', '0', '5000', 'KEYS', ...keys);
  }

  /** From now on every master redirects commands on the slot by MOVED. */
  async end(): Promise<void> {
    const owner = await this.to.command<string>('CLUSTER', 'MYID');
    for (const server of [this.to, ...cluster.servers]) {
      await server.command('CLUSTER', 'SETSLOT', this.slot, 'NODE', owner);
    }
  }
}

it('the slot of the clock: each write reaches every node, and no reader fails', async () => {
  const [near, far] = await Promise.all([node(options()), node(options())]);
  await Promise.all([live(near), live(far)]);
  let price = 0;
  const shown = (stack: typeof near): Promise<string> => read(stack, 'price', () => String(price), ['product']);
  const change = async (): Promise<void> => {
    price += 1;
    await near.store.invalidate(['product']);
    for (const stack of [near, far]) await eventually(async () => (await shown(stack)) === String(price));
  };
  await change();
  const move = await Move.begin(CLOCK);
  await change();
  await move.keys();
  await change();
  await change();
  await move.end();
  await change();
  await Promise.all([live(near), live(far)]);
  expect(await move.to.command('EXISTS', CLOCK)).toBe(1);
});

it('the slot of an entry: it is read and replaced all the time', async () => {
  const [near, far] = await Promise.all([node(options()), node(options())]);
  await Promise.all([live(near), live(far)]);
  const faults: unknown[] = [];
  for (const stack of [near, far]) stack.events.on('storeFailed', (_what, error) => faults.push(error));
  const hit = async (): Promise<void> => {
    await near.store.idle();
    near.l1.clear();
    expect(await read(near, 'key', () => 'loaded again', ['tag'])).toBe('value');
  };
  const set = async (): Promise<void> => {
    await far.store.invalidate(['tag']);
    await eventually(() => near.clock.instant().tick === far.clock.instant().tick);
    await read(far, 'key', () => 'value', ['tag']);
    await far.store.idle();
  };
  await set();
  const move = await Move.begin('moving:entry:key');
  await hit();
  await move.keys();
  await hit();
  await set();
  await hit();
  await move.end();
  await hit();
  await set();
  await hit();
  expect(faults).toEqual([]);
});

it('a user without the right for ASKING: its commands fail meanwhile, and the process goes on', async () => {
  for (const server of cluster.servers) {
    await server.command('ACL', 'SETUSER', 'shop', 'on', '>password', '~*', '&*', '+@all', '-asking');
  }
  const near = await node(options('shop:password@'));
  await live(near);
  const move = await Move.begin(CLOCK);
  await move.keys();
  await near.store.invalidate(['tag']).catch(() => undefined);
  expect(await read(near, 'key', () => 'loaded')).toBe('loaded');
  await move.end();
  await live(near);
});
