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
  afterEach(stopNodes);

  it('the entries of the other program are stale when the writer is acknowledged', async () => {
    const [writer, reader] = await Promise.all([start(writes, 'strict'), start(reads, 'strict')]);
    for (let n = 0; n < 5; n += 1) {
      await eventually(() => warm([reader], READ[reads], 1));
      await writer.write('update()', 1, (stock += 1));
      expect((await reader.read(READ[reads], 1)).value).toContain(`"stock":${stock},`);
    }
  });

  it('and so are those that the other program left in Redis before it was stopped', async () => {
    const [writer, before] = await Promise.all([start(writes, 'bounded'), start(reads, 'bounded')]);
    await eventually(() => warm([before], READ[reads], 1));
    await before.stop();
    await writer.write('update()', 1, (stock += 1));
    const after = await start(reads, 'bounded');
    expect((await after.read(READ[reads], 1)).value).toContain(`"stock":${stock},`);
  });
});

describe('two nodes of one program and one of another', () => {
  let one: EvictionNode;
  let two: EvictionNode;
  let other: EvictionNode;
  beforeAll(async () => {
    [one, two, other] = await Promise.all([
      start('shop', 'bounded'),
      start('shop', 'bounded'),
      start('office', 'bounded'),
    ]);
  });
  afterAll(stopNodes);

  it('a write by a third party is seen by both programs, whichever drains it', async () => {
    for (let n = 0; n < 5; n += 1) {
      await eventually(() => warm([one], 'detail', 2));
      await eventually(() => warm([other], 'article', 2));
      await catalogue.sql('UPDATE products SET stock = $1 WHERE id = 2', [(stock += 1)]);
      await eventually(async () => (await one.read('detail', 2)).value.includes(`"stock":${stock},`));
      await eventually(async () => (await other.read('article', 2)).value.includes(`"stock":${stock},`));
    }
  });

  it('a write of a row that other rules name leaves the rows of programs with the same rules cached', async () => {
    // Again where a busy machine took longer than a proof holds: a rule that evicted the row would do so each time.
    await eventually(async () => {
      await eventually(() => warm([two], 'detail', 3));
      await one.write('update()', 4, (stock += 1));
      return (await two.read('detail', 3)).outcome === 'hit';
    });
  });
});
