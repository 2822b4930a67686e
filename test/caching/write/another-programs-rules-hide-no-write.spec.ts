import { effort } from '../../support/effort';
import { EvictionNode, type NodeSettings, type ReadKind, stopNodes } from '../../support/eviction-node';
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

let stock = 8_000;

/** `program` names the rules; what it cached is its own. */
function start(
  program: NonNullable<NodeSettings['program']>,
  consistency: 'strict' | 'bounded',
): Promise<EvictionNode> {
  return catalogue.node({ program, caching: { application: program, consistency } });
}

const READ = { shop: 'detail', office: 'article' } as const satisfies Record<string, ReadKind>;

const WAYS = [
  ['shop', 'office'],
  ['office', 'shop'],
] as const;

describe.each(effort(WAYS.slice(0, 1), [...WAYS]))('%s drains what it wrote, by its rules', (writes, reads) => {
  it('the entries of the other program are stale when the writer is acknowledged', async () => {
    const [writer, reader] = [await start(writes, 'strict'), await start(reads, 'strict')];
    for (let n = 0; n < 5; n += 1) {
      await eventually(() => warm([reader], READ[reads], 1));
      await writer.write('update()', 1, (stock += 1));
      expect((await reader.read(READ[reads], 1)).value).toContain(`"stock":${stock},`);
    }
  });

  it('and so are those that the other program left in Redis before it was stopped', async () => {
    const writer = await start(writes, 'bounded');
    const before = await start(reads, 'bounded');
    await eventually(() => warm([before], READ[reads], 1));
    await before.stop();
    await writer.write('update()', 1, (stock += 1));
    const after = await start(reads, 'bounded');
    expect((await after.read(READ[reads], 1)).value).toContain(`"stock":${stock},`);
  });
});

it('a write by a third party is seen by both, whichever drains it', async () => {
  const nodes = [await start('shop', 'bounded'), await start('office', 'bounded')] as const;
  for (let n = 0; n < 5; n += 1) {
    await eventually(() => warm([nodes[0]], 'detail', 2));
    await eventually(() => warm([nodes[1]], 'article', 2));
    await catalogue.sql('UPDATE products SET stock = $1 WHERE id = 2', [(stock += 1)]);
    await eventually(async () => (await nodes[0].read('detail', 2)).value.includes(`"stock":${stock},`));
    await eventually(async () => (await nodes[1].read('article', 2)).value.includes(`"stock":${stock},`));
  }
});

it('a write of a row that other rules name leaves the rows of programs with the same rules cached', async () => {
  const [one, two] = [await start('shop', 'bounded'), await start('shop', 'bounded')];
  await eventually(() => warm([two], 'detail', 3));
  await one.write('update()', 4, (stock += 1));
  expect((await two.read('detail', 3)).outcome).toBe('hit');
});
