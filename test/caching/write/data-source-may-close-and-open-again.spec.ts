import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { effort } from '../../support/effort';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

let catalogue: WatchedCatalogue;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open(20);
});
afterAll(() => catalogue.dispose());
afterEach(stopNodes);

let stock = 600_000;

const trust = (node: EvictionNode): Promise<{ state: string; cause?: string }> => node.call('trust');

/** A write of `writer` is stamped before it is acknowledged, and `others` see it. */
async function evicts(writer: EvictionNode, others: EvictionNode[]): Promise<void> {
  const before = await eventually(() => warm([writer, ...others], 'detail', 1));
  stock += 1;
  await writer.write('update()', 1, stock);
  for (const node of [writer, ...others]) {
    const { value } = await node.read('detail', 1);
    expect(value).not.toBe(before);
    expect(value).toContain(`"stock":${stock},`);
  }
}

it.each(effort<('bounded' | 'strict')[]>(['bounded'], ['bounded', 'strict']))(
  '%s: destroyed and initialised again, twice: trust ends meanwhile, and then every write is stamped once more before it is acknowledged',
  async (consistency) => {
    const start = (): Promise<EvictionNode> => catalogue.node({ caching: { consistency, grace: 0 } });
    const [node, other] = await Promise.all([start(), start()]);
    await evicts(node, [other]);
    for (let round = 0; round < 2; round += 1) {
      await node.call('destroy');
      stock += 1;
      await other.write('update()', 1, stock);
      // No source and no proof: nothing that is cached passes for the product.
      await eventually(async () => (await trust(node)).cause === 'CACHE_DATA_SOURCE');
      await expect(node.read('detail', 1)).rejects.toThrow();
      await node.call('initialize');
      expect((await node.read('detail', 1)).value).toContain(`"stock":${stock},`);
      await eventually(async () => (await trust(node)).state === 'proved');
      const { evictionLate } = await node.call<{ evictionLate: number }>('counts');
      await evicts(node, [other]);
      await evicts(other, [node]);
      expect(await node.call('counts')).toMatchObject({ evictionLate });
    }
  },
);

it('manualInitialization: start-up refuses it by name', async () => {
  const connection = { url: catalogue.url, manualInitialization: true };
  await expect(catalogue.node({ connection })).rejects.toThrow(/not initialised.*manualInitialization/s);
});
