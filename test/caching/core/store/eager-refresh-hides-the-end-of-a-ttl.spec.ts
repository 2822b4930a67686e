import { CacheEventBus, CacheStack, type Loaded } from '../../../../src/caching';
import { resolveOptions } from '../../../../src/caching/caching.options';
import { EAGER } from '../../../../src/caching/core/store/policy';
import { pause } from '../../../support/eventually';
import { ManualTime } from '../../../support/manual-time';
import { loader } from '../../../support/stacks';

let time: ManualTime;
let stack: CacheStack;
let loads: number;
const policy = {
  tags: ['t'],
  ttl: 1_000,
  jitter: false,
  staleWhileRevalidate: 0,
  grace: 0,
  refreshBefore: EAGER,
} as const;
const next = loader(() => `v${++loads}`);

beforeEach(async () => {
  time = new ManualTime();
  stack = new CacheStack(resolveOptions({}), new CacheEventBus(), time);
  loads = 0;
  await get();
});
afterEach(() => stack.stop());

const get = (load = next, more = {}) => stack.store.getOrLoad('key', { ...policy, ...more }, load);
const failing = (): Promise<Loaded> => Promise.reject(new Error('database down'));
/** A load that ends when it is told to. */
function held(): { load: () => Promise<Loaded>; release: () => void } {
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  return { load: () => released.then(() => ({ body: 'held' })), release };
}

it('before the last tenth of its TTL a value is served without a refresh', async () => {
  time.pass(899);
  expect(await get()).toMatchObject({ outcome: 'hit', entry: { body: 'v1' } });
  await stack.store.idle();
  expect(loads).toBe(1);
});

it('in the last tenth it is served while one refresh runs in the background', async () => {
  time.pass(901);
  const found = await Promise.all([get(), get(), get()]);
  expect(found.map(({ outcome, entry }) => [outcome, entry.body])).toEqual(Array(3).fill(['hit', 'v1']));
  await stack.store.idle();
  expect(loads).toBe(2);
  expect(await get()).toMatchObject({ outcome: 'hit', entry: { body: 'v2' } });
});

describe('refreshed by a caller', () => {
  const caller = { refreshedBy: 'caller', softTimeout: 300_000 } as const;

  it('one caller waits for the new value, all others are served', async () => {
    time.pass(901);
    const { load, release } = held();
    const first = get(load, caller);
    expect(await get(next, caller)).toMatchObject({ outcome: 'hit', entry: { body: 'v1' } });
    expect(stack.store.peek('key', EAGER)?.body).toBe('v1');
    release();
    expect(await first).toMatchObject({ outcome: 'miss', entry: { body: 'held' } });
    expect(stack.store.peek('key', EAGER)?.body).toBe('held');
    expect(loads).toBe(1);
  });

  it('peek and get leave the refresh to the caller of getOrLoad', async () => {
    time.pass(901);
    expect(stack.store.peek('key', EAGER)).toBeUndefined();
    expect(await stack.store.get('key', EAGER)).toBeUndefined();
    expect(stack.store.peek('key')?.body).toBe('v1');
  });

  it.each([0, 10_000])(
    'a refresh that fails is answered with the value, which is still fresh (grace %d)',
    async (grace) => {
      await stack.store.delete('key');
      await get(next, { grace });
      time.pass(901);
      expect(await get(failing, { ...caller, grace })).toMatchObject({ outcome: 'hit', entry: { body: 'v2' } });
    },
  );

  it('a refresh that fails after a write is not', async () => {
    time.pass(901);
    const write = async (): Promise<Loaded> => {
      await stack.store.invalidate(['t']);
      return failing();
    };
    await expect(get(write, caller)).rejects.toThrow('database down');
  });
});

it('a stamped value is never refreshed eagerly, but loaded', async () => {
  time.pass(901);
  await stack.store.invalidate(['t']);
  expect(await get()).toMatchObject({ outcome: 'miss', entry: { body: 'v2' } });
});

it('a part of a value that is being loaded is refreshed in that load, so the whole lives a whole TTL', async () => {
  time.pass(901);
  const whole = await stack.store.getOrLoad('whole', { ...policy, refreshBefore: 0 }, async () => ({
    body: `<${String((await get()).entry.body)}>`,
  }));
  expect(whole.entry).toMatchObject({ body: '<v2>', expiresAt: time.wall() + 1_000 });
});

describe('a refresh that takes longer than the soft deadline', () => {
  const impatient = { refreshedBy: 'caller', softTimeout: 20 } as const;
  beforeEach(() => time.pass(901));

  it('is not waited for: its caller is served the value, and the load goes on', async () => {
    const { load, release } = held();
    expect(await get(load, impatient)).toMatchObject({ outcome: 'hit', entry: { body: 'v1' } });
    expect(await get(next, impatient)).toMatchObject({ outcome: 'hit', entry: { body: 'v1' } });
    release();
    await stack.store.idle();
    expect(await get(next, impatient)).toMatchObject({ outcome: 'hit', entry: { body: 'held' } });
    expect(loads).toBe(1);
  });

  it('is not waited for inside the load of a larger value either', async () => {
    const { load, release } = held();
    const whole = await stack.store.getOrLoad('whole', { ...policy, refreshBefore: 0 }, async () => ({
      body: `<${String((await get(load, { softTimeout: 20 })).entry.body)}>`,
    }));
    // The whole expires with its old part.
    expect(whole.entry).toMatchObject({ body: '<v1>', expiresAt: time.wall() + 99 });
    release();
    await stack.store.idle();
    expect((await get()).entry.body).toBe('held');
  });

  it.each<[string, () => unknown]>([
    ['stamped', () => stack.store.invalidate(['t'])],
    ['past its TTL', () => time.pass(200)],
  ])('is waited for when the value is %s meanwhile', async (_what, meanwhile) => {
    const { load, release } = held();
    const begun = new Promise<void>((resolve) => stack.events.on('miss', () => resolve()));
    const first = get(load, impatient);
    await begun;
    await meanwhile();
    const isServed = Promise.race([first.then(() => true), pause(100).then(() => false)]);
    expect(await isServed).toBe(false);
    release();
    expect(await first).toMatchObject({ outcome: 'miss', entry: { body: 'held' } });
  });

  it('is waited for once where its value could not be stored, so that a slow view is refreshed at all', async () => {
    const abandoned = held();
    await get(() => abandoned.load().then((loaded) => ({ ...loaded, store: false })), impatient);
    abandoned.release();
    await stack.store.idle();
    const { load, release } = held();
    const second = get(load, impatient);
    expect(await Promise.race([second, pause(100).then(() => 'waiting')])).toBe('waiting');
    release();
    expect(await second).toMatchObject({ outcome: 'miss', entry: { body: 'held' } });
  });

  it('serves a strict reader, whose query to the clock has proved the value', async () => {
    await stack.stop();
    stack = new CacheStack(resolveOptions({ consistency: 'strict' }), new CacheEventBus(), time);
    await get();
    time.pass(901);
    const { load, release } = held();
    expect(await get(load, impatient)).toMatchObject({ outcome: 'hit' });
    release();
  });
});
