import { closeStacks, node } from '../../../support/stacks';

afterEach(closeStacks);

const never = new Promise<never>(() => undefined);
const policy = { loadTimeout: 30 };

describe.each(['outside', 'inside'])('%s a transaction', (where) => {
  const started = async () => {
    const stack = await node({});
    const run = async <T>(read: () => Promise<T>): Promise<T> => {
      if (where === 'inside') stack.transactions.enter({ isTransactionActive: true });
      expect(stack.transactions.isInside()).toBe(where === 'inside');
      return read();
    };
    return { stack, run };
  };

  it('a load of one key that hangs rejects with CACHE_TIMEOUT', async () => {
    const { stack, run } = await started();
    const reading = run(() => stack.store.getOrLoad('key', policy, () => never));
    await expect(reading).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
  });

  it('a load of many keys that hangs rejects with CACHE_TIMEOUT', async () => {
    const { stack, run } = await started();
    const reading = run(() => stack.store.getOrLoadMany(['a', 'b'], policy, () => never));
    await expect(reading).rejects.toMatchObject({ code: 'CACHE_TIMEOUT' });
  });
});
