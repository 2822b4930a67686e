import { Redis } from 'iovalkey';
import type { Body } from '../../../../src/caching';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, count, live, node } from '../../../support/stacks';
import { needs } from '../../../support/needs';

needs('redis-server');

let server: RedisServer;
let client: Redis;
beforeAll(async () => {
  server = await RedisServer.start();
  client = new Redis(server.url);
});
beforeEach(() => client.flushall());
afterEach(() => closeStacks());
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

const here = (): Parameters<typeof node>[0] => ({ prefix: 'kept', l2Timeout: '2s', redis: { url: server.url } });
const entryKey = 'kept:entry:key';

/** What another node finds in L2 after one has loaded `body`; undefined: it has to load. */
async function carried(body: Body): Promise<Body | undefined> {
  const [near, far] = [await node(here()), await node(here())];
  await Promise.all([live(near), live(far)]);
  await near.store.getOrLoad('key', { tags: ['t', 'ü', '\u{1f375}'] }, () => Promise.resolve({ body }));
  await near.store.idle();
  const found = await far.store.get('key');
  if (found) expect([found.tier, found.entry.tags]).toEqual(['l2', ['@key:key', 't', 'ü', '\u{1f375}']]);
  return found?.entry.body;
}

it.each<[string, Body]>([
  ['an absent value', null],
  ['an empty text', ''],
  ['text', 'plain "text"'],
  ['lines and characters outside ASCII', 'one\n\r\ntwo\n — \u{1f375}'],
  ['text that UTF-8 cannot encode', 'half \ud83c\n'],
  ['no bytes', Buffer.alloc(0)],
  ['bytes that are not text', Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))],
  ['more than one read of a socket', Buffer.alloc(100_000, 'a\nb')],
])('%s', async (_name, body) => {
  expect(await carried(body)).toEqual(body);
});

it('Redis holds the unchanged body after a line with its head', async () => {
  const json = '{"name":"Kettle","price":39.9}';
  await carried(Buffer.from(json));
  const [head, body] = (await client.get(entryKey))!.split('\n');
  expect(body).toBe(json);
  expect(JSON.parse(head!)).toEqual([
    3,
    expect.stringMatching(/^[0-9a-z]+$/),
    'bytes',
    ...Array<unknown>(7).fill(expect.anything()),
  ]);
});

const anHour = 3_600_000;
const former = {
  value: [1, 'old', 0, ['t'], 'epoch', 1, Date.now(), Date.now() + anHour, 0, anHour],
  expires: Date.now() + anHour,
};

it.each<[string, (written: Buffer) => Buffer]>([
  ['an entry of the previous version', () => Buffer.from(JSON.stringify(former))],
  ['an entry of a later version', (w) => Buffer.from(w.toString().replace('[3,', '[4,'))],
  ['a truncated entry', (w) => w.subarray(0, -1)],
  ['an entry with bytes appended', (w) => Buffer.concat([w, Buffer.from('x')])],
  ['an entry with a truncated head', (w) => w.subarray(5)],
  ['a text of another program', () => Buffer.from('hello\nworld')],
  ['JSON of another program', () => Buffer.from('{"a":1}\n')],
  ['nothing', () => Buffer.alloc(0)],
])('%s is a miss and no failure, and is overwritten', async (_name, broken) => {
  await carried('mine');
  const written = await client.getBuffer(entryKey);
  await client.set(entryKey, broken(written!));
  const late = await node(here());
  await live(late);
  const { storeFailed } = count(late.events, 'storeFailed');
  const { outcome } = await late.store.getOrLoad('key', {}, () => Promise.resolve({ body: 'anew' }));
  await late.store.idle();
  expect([outcome, storeFailed]).toEqual(['miss', 0]);
  expect((await client.get(entryKey))!.split('\n')[1]).toBe('anew');
});
