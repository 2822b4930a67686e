import * as fc from 'fast-check';
import { Redis } from 'iovalkey';
import type { CacheStack } from '../../../../src/caching';
import { eventually } from '../../../support/eventually';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node } from '../../../support/stacks';

needs('redis-server');

const CHANNEL = '{told}:stamps';

let server: RedisServer;
let client: Redis;
let near: CacheStack;
let foreign: [what: string, name: string][];

beforeAll(async () => {
  server = await RedisServer.start();
  client = new Redis(server.url);
  near = await node({ prefix: 'told', l2Timeout: '10s', maxLag: '10s', redis: { url: server.url } });
  near.events.on('foreign', (what, name) => foreign.push([what, name]));
  await live(near);
});
beforeEach(() => {
  foreign = [];
});
afterAll(async () => {
  await client.quit();
  await closeStacks();
  await server.stop();
});

/** Expects every message to be ignored and reported, and the clock to be unchanged. */
async function expectIgnored(...messages: string[]): Promise<void> {
  const before = near.clock.instant();
  foreign = [];
  for (const message of messages) expect(await client.publish(CHANNEL, message)).toBe(1);
  await eventually(() => foreign.length >= messages.length);
  expect(foreign).toEqual(messages.map(() => ['message', CHANNEL]));
  expect(near.clock.instant()).toEqual(before);
}

it('a stamp of the right epoch with wrong tags, ticks or floors is ignored and reported', async () => {
  const { epoch, tick } = near.clock.instant();
  const next = tick + 1;
  const wrong: unknown[] = [
    [epoch, next, 0, [1]],
    [epoch, next, 0, [null]],
    [epoch, next, 0, [['t']]],
    [epoch, next, 0, 't'],
    [epoch, next, 0, { length: 1 }],
    [epoch, next, 0, ['t'], 'more'],
    [epoch, next, 0, Array.from({ length: 501 }, String)],
    [epoch, String(next), 0, ['t']],
    [epoch, next, next + 1, ['t']],
    [epoch, -1, -2, ['t']],
    [epoch, next + 0.5, 0, ['t']],
    [epoch, 2 ** 60, 0, ['t']],
    [epoch, next],
    [epoch],
    [[epoch], next, 0, ['t']],
    { 0: epoch, 1: next, 2: 0, length: 3 },
    null,
    5,
    'text',
  ];
  await expectIgnored(...wrong.map((message) => JSON.stringify(message)), '', '[', '\0', `[${'['.repeat(100_000)}`);
});

it('a stamp that the clock has not made is reported and recorded by no node, nor is its floor', async () => {
  await near.store.invalidate(['x', 'y']);
  const before = near.clock.instant();
  const { epoch, tick } = before;
  const last = Number.MAX_SAFE_INTEGER;
  const forged = [
    [epoch, last, 0, ['x']],
    [epoch, last, last, ['x']],
    [epoch, tick + 2, 0, ['x']],
    [epoch, tick + 2, tick + 2, []],
  ];
  await expectIgnored(...forged.map((message) => JSON.stringify(message)));
  expect(near.clock.staleBecause(before, ['x', 'y'])).toBeUndefined();

  await near.store.invalidate(['x']);
  expect(near.clock.staleBecause(before, ['x'])).toEqual({ why: 'stamped', tag: 'x' });
  expect(near.clock.staleBecause(near.clock.instant(), ['x', 'y'])).toBeUndefined();
});

it('a huge message is not parsed', async () => {
  const { epoch, tick } = near.clock.instant();
  await expectIgnored(JSON.stringify([epoch, tick + 1, 0, ['t'.repeat(2 ** 21)]]));
});

it('after any JSON the node works and receives the next stamp', async () => {
  // Without the epoch, which could make a valid stamp of it: that of any later tick, or a floor above all ticks.
  const part = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.array(fc.jsonValue()), fc.jsonValue());
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (message) => {
      await client.publish(CHANNEL, JSON.stringify(message));
    }),
    { numRuns: 200 },
  );
  const before = near.clock.instant();
  await near.store.invalidate(['after']);
  expect(near.clock.staleBecause(before, ['after'])).toEqual({ why: 'stamped', tag: 'after' });
});
