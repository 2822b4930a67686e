import { CacheEventBus, CacheStack } from '../../../../src/caching';
import { resolveOptions } from '../../../../src/caching/caching.options';
import { eventually, pause } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { needs } from '../../../support/needs';

needs('redis-server');

let server: RedisServer;
let stack: CacheStack;
let told: [state: string, cause: unknown][];

beforeEach(async () => {
  server = await RedisServer.start();
  const events = new CacheEventBus();
  told = [];
  events.on('redis', (state, cause) => told.push([state, cause]));
  stack = new CacheStack(resolveOptions({ prefix: 'told', l2Timeout: 100, redis: { url: server.url } }), events);
});
afterEach(async () => {
  await stack.stop();
  await server.stop();
});

it('a missing password is reported once, with the cause', async () => {
  await server.command('CONFIG', 'SET', 'requirepass', 'secret');
  await stack.start();
  await pause(400);
  expect(told).toEqual([['down', expect.objectContaining({ message: expect.stringContaining('NOAUTH') as string })]]);
});

it('an open circuit breaker is reported with the error itself', async () => {
  await stack.start();
  server.freeze();
  await eventually(async () => {
    await stack.clock.stamp(['t']).catch(() => undefined);
    return told.some(([state]) => state === 'broken');
  });
  expect(told.find(([state]) => state === 'broken')?.[1]).toMatchObject({ code: 'CACHE_TIMEOUT' });
});

it('a listener that rejects is reported as a process warning', async () => {
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  stack.events.on('miss', () => Promise.reject(new Error('async listener')));
  await stack.store.getOrLoad('key', {}, () => Promise.resolve({ body: 'value' }));
  await eventually(() => expect(warned).toHaveBeenCalledWith(expect.stringContaining('async listener')));
  warned.mockRestore();
});
