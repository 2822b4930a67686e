import { live, loader, node, useRedisServer } from '../../../support/stacks';

const server = useRedisServer();

/** How often Redis was sent each command, while `work` ran. */
async function commands(work: () => Promise<unknown>): Promise<Record<string, number>> {
  await server().command('CONFIG', 'RESETSTAT');
  await work();
  const stats = await server().command<string>('INFO', 'commandstats');
  // A script counts as one command, and its own commands count as well.
  const calls = [...stats.matchAll(/cmdstat_(get|set|evalsha):calls=(\d+)/g)];
  return Object.fromEntries(calls.map(([, name, times]): [string, number] => [String(name), Number(times)]));
}

it.each([
  // Three lookups; three writes and one lock; the script that releases the lock checks its owner by GET.
  [
    'each part is looked up, only the whole takes the fill lock, and the clock is not queried',
    false,
    { get: 4, set: 4, evalsha: 1 },
  ],
  ['in-process parts send no Redis command', true, { get: 2, set: 2, evalsha: 1 }],
])('a whole of two parts: %s', async (_claim, inProcess, expected) => {
  // No heartbeat queries the clock meanwhile.
  const { store } = await node({
    prefix: `few-${inProcess}`,
    l2Timeout: '2s',
    maxLag: '10m',
    redis: { url: server().url },
  }).then(async (stack) => (await live(stack), stack));
  const part = (key: string): Promise<unknown> =>
    store.getOrLoad(
      key,
      { inProcess },
      loader(() => key),
    );
  const whole = (n: number): Promise<unknown> =>
    store.getOrLoad(`whole ${n}`, {}, async () => {
      await Promise.all([part(`part ${n}`), part(`other part ${n}`)]);
      return { body: 'whole' };
    });
  await whole(1);
  await store.idle();
  const sent = await commands(async () => {
    await whole(2);
    await store.idle();
  });
  expect(sent).toEqual(expected);
});

it('a miss does not wait for the clock', async () => {
  const stack = await node({ prefix: 'unasked', l2Timeout: '2s', redis: { url: server().url } });
  await live(stack);
  jest.spyOn(stack.clock, 'now').mockReturnValue(new Promise(() => undefined));
  const { outcome } = await stack.store.getOrLoad(
    'key',
    {},
    loader(() => 'value'),
  );
  expect(outcome).toBe('miss');
});
