import { loadSignal } from '../../../../src/caching';
import { currentLoad, type Waiter } from '../../../../src/caching/core/async/waiters';
import type { CacheStack } from '../../../../src/caching';
import { closeStacks, loader, node, text } from '../../../support/stacks';

/** A client that may hang up. */
class Caller implements Waiter {
  hasLeft = false;
  private readonly listeners = new Set<() => void>();

  onLeave(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  leave(): void {
    this.hasLeft = true;
    for (const listener of [...this.listeners]) listener();
  }

  get isWaitedFor(): boolean {
    return this.listeners.size > 0;
  }
}

/** A load that runs until it is ended, or cancelled by its signal. */
class Source {
  readonly signals: AbortSignal[] = [];
  private readonly ends: ((value: string) => void)[] = [];

  readonly load = (): Promise<string> => {
    const signal = loadSignal()!;
    this.signals.push(signal);
    return new Promise((resolve, reject) => {
      this.ends.push(resolve);
      signal.addEventListener('abort', () => reject(new Error('cancelled')));
    });
  };

  get isAborted(): boolean[] {
    return this.signals.map(({ aborted }) => aborted);
  }

  end(value: string): void {
    for (const end of this.ends) end(value);
  }
}

const ABANDONED = { code: 'CACHE_ABANDONED' };
let stack: CacheStack;
let source: Source;

beforeEach(async () => {
  stack = await node({});
  source = new Source();
});
afterEach(closeStacks);

function read(key: string, caller?: Waiter, load = source.load): Promise<string> {
  const reading = stack.store.getOrLoad(key, {}, loader(load), caller).then(text);
  reading.catch(() => undefined);
  return reading;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

it('a load goes on until its last caller leaves', async () => {
  const [first, second] = [new Caller(), new Caller()];
  const readings = [read('k', first), read('k', second)];
  await turn();
  first.leave();
  expect(source.isAborted).toEqual([false]);
  second.leave();
  expect(source.isAborted).toEqual([true]);
  for (const reading of readings) await expect(reading).rejects.toMatchObject(ABANDONED);
});

it('a caller that cannot leave holds a load for ever', async () => {
  const caller = new Caller();
  const readings = [read('k', caller), read('k')];
  await turn();
  caller.leave();
  expect(source.isAborted).toEqual([false]);
  source.end('value');
  expect(await Promise.all(readings)).toEqual(['value', 'value']);
});

it('a caller that comes after the abandonment gets a load of its own', async () => {
  const first = new Caller();
  void read('k', first);
  await turn();
  first.leave();
  const second = read('k', new Caller());
  await turn();
  expect(source.isAborted).toEqual([true, false]);
  source.end('value');
  expect(await second).toBe('value');
});

it('nothing is loaded for a caller that has left, and no listener stays with one that was served', async () => {
  const gone = new Caller();
  gone.leave();
  await expect(read('k', gone)).rejects.toMatchObject(ABANDONED);
  expect(source.signals).toEqual([]);
  const served = new Caller();
  const reading = read('k', served);
  await turn();
  expect(served.isWaitedFor).toBe(true);
  source.end('value');
  await reading;
  expect(served.isWaitedFor).toBe(false);
});

it('a part is abandoned when every whole that waits for it is', async () => {
  const [first, second] = [new Caller(), new Caller()];
  const whole = (): Promise<string> => read('part', currentLoad());
  void read('one', first, whole);
  void read('two', second, whole);
  await turn();
  first.leave();
  expect(source.isAborted).toEqual([false]);
  second.leave();
  expect(source.isAborted).toEqual([true]);
});

it('the load of many keys is abandoned when the callers of each have left', async () => {
  const [first, second] = [new Caller(), new Caller()];
  const many = (...keys: string[]): (() => Promise<string>) => {
    return async () => {
      const load = async (missing: readonly string[]): Promise<Map<string, { body: string }>> => {
        const body = await source.load();
        return new Map(missing.map((key) => [key, { body }]));
      };
      return (await stack.store.getOrLoadMany(keys, {}, load)).map(text).join();
    };
  };
  void read('page 1', first, many('a', 'b'));
  await turn();
  const other = read('page 2', second, many('b'));
  await turn();
  first.leave();
  expect(source.isAborted).toEqual([false]);
  source.end('row');
  expect(await other).toBe('row');
});

it('the load of many keys is cancelled with its only caller', async () => {
  const caller = new Caller();
  const load = (): Promise<string> =>
    stack.store
      .getOrLoadMany(['a', 'b'], {}, async () => new Map([['a', { body: await source.load() }]]))
      .then(() => 'page');
  void read('page', caller, load);
  await turn();
  caller.leave();
  expect(source.isAborted).toEqual([true]);
});

it('an abandoned load is no failure: no grace, and the source is asked again at once', async () => {
  const policy = { grace: 60_000, tags: ['t'] };
  await stack.store.getOrLoad(
    'k',
    policy,
    loader(() => 'old'),
  );
  await stack.store.invalidate(['t']);
  const caller = new Caller();
  const reading = stack.store.getOrLoad('k', policy, loader(source.load), caller);
  await turn();
  caller.leave();
  await expect(reading).rejects.toMatchObject(ABANDONED);
  expect(
    text(
      await stack.store.getOrLoad(
        'k',
        policy,
        loader(() => 'new'),
      ),
    ),
  ).toBe('new');
});

it('a refresh in the background goes on without the caller that was served', async () => {
  const policy = { ttl: 1, staleWhileRevalidate: 3_600_000 };
  await stack.store.getOrLoad(
    'k',
    policy,
    loader(() => 'old'),
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  const caller = new Caller();
  expect(text(await stack.store.getOrLoad('k', policy, loader(source.load), caller))).toBe('old');
  await turn();
  caller.leave();
  expect(source.isAborted).toEqual([false]);
  source.end('new');
  await stack.store.idle();
});
