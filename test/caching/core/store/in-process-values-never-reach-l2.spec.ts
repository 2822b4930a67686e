import { type CacheStack } from '../../../../src/caching';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, loader, node, text } from '../../../support/stacks';
import { needs } from '../../../support/needs';

needs('redis-server');

let server: RedisServer;
let near: CacheStack;
let far: CacheStack;

beforeAll(async () => {
  server = await RedisServer.start();
  const options = { prefix: 'own', consistency: 'strict', redis: { url: server.url } } as const;
  [near, far] = await Promise.all([node(options), node(options)]);
  await Promise.all([live(near), live(far)]);
});
afterAll(async () => {
  await closeStacks();
  await server.stop();
});

const keysThere = (): Promise<string[]> => server.command<string[]>('KEYS', '*');

it('each node loads the value itself, later reads hit, and an invalidation reaches both', async () => {
  let loads = 0;
  const ask = async (stack: CacheStack): Promise<string> =>
    text(
      await stack.store.getOrLoad(
        'part',
        { inProcess: true, tags: ['t'] },
        loader(() => String((loads += 1))),
      ),
    );
  expect([await ask(near), await ask(far), await ask(near), await ask(far)]).toEqual(['1', '2', '1', '2']);
  await near.store.set('set', 'value', { inProcess: true });
  await Promise.all([near.store.idle(), far.store.idle()]);
  expect((await keysThere()).filter((key) => key.startsWith('own:'))).toEqual([]);
  await near.store.invalidate(['t']);
  expect([await ask(far), await ask(near)]).toEqual(['3', '4']);
});

it('a value built from it goes to L2 with its tags, and is invalidated with it', async () => {
  let parts = 0;
  const part = loader(() => String((parts += 1)));
  const ask = async (stack: CacheStack): Promise<string> =>
    text(
      await stack.store.getOrLoad('whole', {}, async () => ({
        body: `whole of ${text(await stack.store.getOrLoad('piece', { inProcess: true, tags: ['piece'] }, part))}`,
      })),
    );
  expect(await ask(near)).toBe('whole of 1');
  await near.store.idle();
  expect(await ask(far)).toBe('whole of 1');
  await far.store.invalidate(['piece']);
  expect([await ask(near), await ask(far)]).toEqual(['whole of 2', 'whole of 2']);
});
