import * as fc from 'fast-check';
import { Redis } from 'iovalkey';
import type { CachingOptions } from '../../../../src/caching';
import type { CacheStack } from '../../../../src/caching';
import { effort } from '../../../support/effort';
import { eventually } from '../../../support/eventually';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node } from '../../../support/stacks';

needs('redis-server');

const KEY = 'damaged:entry:key';
const BODIES = ['plain "text", \u{1f375}', 'half \ud83c', Buffer.from([0, 10, 13, 255, 254]), null];

let server: RedisServer;
let client: Redis;
let near: CacheStack;
let foreign: [what: string, name: string][];

beforeAll(async () => {
  server = await RedisServer.start();
  client = new Redis(server.url);
});
afterAll(async () => {
  await client.quit();
  await server.stop();
});
afterEach(() => closeStacks());

async function start(secret?: string): Promise<void> {
  const options: CachingOptions = { prefix: 'damaged', l2Timeout: '10s', secret, redis: { url: server.url } };
  near = await node(options);
  foreign = [];
  near.events.on('foreign', (what, name) => foreign.push([what, name]));
  await live(near);
}

/** What Redis holds once a node has stored `body`. */
async function stored(body: (typeof BODIES)[number]): Promise<Buffer> {
  near.l1.clear();
  await client.del(KEY);
  await near.store.getOrLoad('key', { tags: ['tag'] }, () => Promise.resolve({ body }));
  await near.store.idle();
  return (await client.getBuffer(KEY))!;
}

/** A reader that has nothing in L1 must load, and find its own value afterwards. */
async function expectMiss(): Promise<void> {
  foreign.length = 0;
  near.l1.clear();
  const { outcome, entry } = await near.store.getOrLoad('key', {}, () => Promise.resolve({ body: 'loaded' }));
  expect([outcome, entry.body]).toEqual(['miss', 'loaded']);
  expect(foreign).toEqual([['entry', 'key']]);
  await near.store.idle();
}

/** One byte changed, dropped or doubled, or a few cut out. */
const damage = fc.record({
  kind: fc.constantFrom('flip', 'drop', 'double', 'cut'),
  at: fc.nat(),
  by: fc.integer({ min: 1, max: 255 }),
});

function damaged(bytes: Buffer, { kind, at, by }: { kind: string; at: number; by: number }): Buffer {
  const i = at % bytes.length;
  const [before, after] = [bytes.subarray(0, i), bytes.subarray(i)];
  if (kind === 'flip') return Buffer.concat([before, Buffer.from([bytes[i]! ^ by]), after.subarray(1)]);
  if (kind === 'drop') return Buffer.concat([before, after.subarray(1)]);
  if (kind === 'double') return Buffer.concat([before, after.subarray(0, 1), after]);
  return Buffer.concat([before, after.subarray(by)]);
}

/** White space in JSON has no meaning. */
function saysTheSame(a: Buffer, b: Buffer): boolean {
  const parts = (bytes: Buffer): unknown => {
    const end = bytes.indexOf('\n');
    try {
      return [JSON.stringify(JSON.parse(bytes.toString('utf8', 0, end))), bytes.subarray(end + 1).toString('hex')];
    } catch {
      return undefined;
    }
  };
  return JSON.stringify(parts(a)) === JSON.stringify(parts(b));
}

describe.each([
  ['a checksum', undefined],
  ['a secret', 'x'.repeat(32)],
])('with %s', (_name, secret) => {
  it('an entry with any byte changed is a miss, reported and replaced', async () => {
    await start(secret);
    for (const body of BODIES) {
      const whole = await stored(body);
      await fc.assert(
        fc.asyncProperty(damage, async (how) => {
          const broken = damaged(whole, how);
          fc.pre(!saysTheSame(broken, whole));
          await client.set(KEY, broken);
          await expectMiss();
        }),
        { numRuns: effort(20, 60) },
      );
    }
  });

  it('a head with the body of another entry is a miss, and so is an entry moved to another key', async () => {
    await start(secret);
    const [one, other] = [await stored('{"a":1}'), await stored('{"a":2}')];
    await client.set(
      KEY,
      Buffer.concat([one.subarray(0, one.indexOf('\n') + 1), other.subarray(other.indexOf('\n') + 1)]),
    );
    await expectMiss();
    await near.store.getOrLoad('second', {}, () => Promise.resolve({ body: 'of the second' }));
    await near.store.idle();
    await client.copy('damaged:entry:second', KEY, 'REPLACE');
    await expectMiss();
  });
});

it('any other value or Redis type is a miss, and is deleted', async () => {
  await start();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      await client.set(KEY, Buffer.from(bytes));
      await expectMiss();
    }),
    { numRuns: effort(20, 50) },
  );
  await client.del(KEY);
  await client.hset(KEY, 'field', 'value');
  await expectMiss();
});

it('a damaged entry is deleted by a read that does not load, too', async () => {
  await start();
  await client.set(KEY, 'nonsense');
  near.l1.clear();
  expect(await near.store.get('key')).toBeUndefined();
  await eventually(async () => (await client.exists(KEY)) === 0);
});

it('an unsigned entry, or one signed with another secret, is a miss', async () => {
  await start();
  const unsigned = await stored('value');
  await closeStacks();
  await start('y'.repeat(32));
  const signed = await stored('value');
  await closeStacks();
  await start('x'.repeat(32));
  for (const entry of [unsigned, signed]) {
    await client.set(KEY, entry);
    await expectMiss();
  }
});
