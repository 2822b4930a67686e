import { CacheEventBus, CacheStack } from '../../../../src/caching';
import { resolveOptions } from '../../../../src/caching/caching.options';
import { loader } from '../../../support/stacks';
import { runScript } from '../../../support/run-script';
import { effort } from '../../../support/effort';

interface Probe {
  grown: number;
  bytes: number;
  kept: number;
  evicted: number;
}

const MEGABYTE = 2 ** 20;

const FILLS = [
  { keys: 1_000_000, length: 1_000, kind: 'string', max: 48 },
  { keys: 150_000, length: 100, kind: 'string', max: 24 },
  { keys: 100_000, length: 1_000, kind: 'buffer', max: 24 },
  { keys: 30_000, length: 9_000, kind: 'buffer', max: 48 },
];

it.each(effort(FILLS.slice(-1), FILLS))(
  '$keys keys with $kind bodies of $length grow the heap by $max MB ± 20 %',
  async ({ keys, length, kind, max }) => {
    const printed = await runScript('heap-probe.ts', [`${max}mb`, `${keys}`, `${length}`, kind], ['--expose-gc']);
    const probe = JSON.parse(printed) as Probe;
    console.log(`${keys} keys, ${kind} ${length}: ${(probe.grown / MEGABYTE).toFixed(1)} MB of ${max} MB`);
    expect(probe.bytes).toBeLessThanOrEqual(max * MEGABYTE);
    expect(probe.kept + probe.evicted).toBe(keys);
    expect(probe.grown).toBeGreaterThan(max * MEGABYTE * 0.8);
    expect(probe.grown).toBeLessThan(max * MEGABYTE * 1.2);
  },
);

describe('variants', () => {
  const stack = new CacheStack(resolveOptions({ l1MaxBytes: 100_000 }), new CacheEventBus());
  const get = (key: string) =>
    stack.store.getOrLoad(
      key,
      {},
      loader(() => 'body'),
    );
  afterAll(() => stack.stop());

  it('are stored beside their entry, copied out of a larger buffer, and counted', async () => {
    const { entry } = await get('page');
    const before = stack.l1.bytes;
    stack.store.addVariant(entry, 'gzip', Buffer.alloc(50_000).subarray(0, 1_000));
    expect(stack.store.peek('page')?.variants?.get('gzip')?.buffer.byteLength).toBe(1_000);
    expect(stack.l1.bytes - before).toBeGreaterThanOrEqual(1_000);
    expect(stack.l1.bytes - before).toBeLessThan(1_400);
  });

  it('of a replaced entry are dropped', async () => {
    const { entry } = await get('other');
    await stack.store.delete('other');
    const before = stack.l1.bytes;
    stack.store.addVariant(entry, 'gzip', Buffer.alloc(1_000));
    expect(stack.l1.bytes).toBe(before);
  });

  it('an entry larger than L1 is served, and not stored', async () => {
    const huge = 'x'.repeat(200_000);
    const result = await stack.store.getOrLoad(
      'huge',
      {},
      loader(() => huge),
    );
    expect(result.entry.body).toBe(huge);
    expect(stack.store.peek('huge')).toBeUndefined();
  });
});
