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
  ['known to be absent', null],
  ['no text at all', ''],
  ['text', 'plain "text"'],
  ['lines, and what is none of ASCII', 'one\n\r\ntwo\n — \u{1f375}'],
  ['text that has no bytes in UTF-8', 'half \ud83c\n'],
  ['no bytes', Buffer.alloc(0)],
  ['bytes that are no text', Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))],
  ['more than one read of a socket', Buffer.alloc(100_000, 'a\nb')],
])('%s', async (_name, body) => {
  expect(await carried(body)).toEqual(body);
});

it('the body lies in Redis as it is, behind a line that says what it is', async () => {
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
  ['an entry of the version before', () => Buffer.from(JSON.stringify(former))],
  ['an entry of a version to come', (w) => Buffer.from(w.toString().replace('[3,', '[4,'))],
  ['one that was cut short', (w) => w.subarray(0, -1)],
  ['one that somebody added to', (w) => Buffer.concat([w, Buffer.from('x')])],
  ['one whose head is cut', (w) => w.subarray(5)],
  ['a text of somebody else', () => Buffer.from('hello\nworld')],
  ['JSON of somebody else', () => Buffer.from('{"a":1}\n')],
  ['nothing', () => Buffer.alloc(0)],
])('not there is %s; it is no failure, and is written over', async (_name, broken) => {
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
