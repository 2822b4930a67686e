import { createPurger } from '../../../src/caching/write/purge/create-purger';
import { CacheEventBus } from '../../../src/caching';
import { MemoryTagClock } from '../../../src/caching/core/clock/memory-tag-clock';
import { withKinds } from '../../../src/caching/edge/edge-tags';
import type { EdgeKind } from '../../../src/caching/edge/edge-kinds';
import { resolveEdge } from '../../../src/caching/edge/edge.options';
import { PurgeError, type Purger } from '../../../src/caching/write/purge/purger';
import { effort } from '../../support/effort';
import { FakeEdge } from '../../support/fake-edge';

const TOKEN = 'hunter2-token';
const HOSTED = ['fastly', 'cloudflare'] as const;
const EVERY = ['varnish', ...HOSTED] as const;

let edge: FakeEdge;
beforeAll(async () => {
  edge = await FakeEdge.start();
});
afterAll(() => edge.close());
beforeEach(() => edge.behave(() => ({ status: 200, body: { success: true } })));

function purger(kind: EdgeKind, url = `${edge.url}/service/s1/`): Purger {
  return createPurger(resolveEdge({ purge: kind, url, token: TOKEN }), new MemoryTagClock(10, new CacheEventBus()))!;
}

async function failure(work: Promise<void>): Promise<PurgeError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PurgeError);
  return error as PurgeError;
}

const many = withKinds(Array.from({ length: 2_000 }, (_, i) => `product:${i}`));

it('Varnish: PURGE with xkey-purge, no field over 4 kB, no token', async () => {
  await purger('varnish').purge(['product:1', 'product:*']);
  expect(edge.seen[0]).toMatchObject({
    method: 'PURGE',
    path: '/service/s1',
    // What whoever is asked from then on has to know.
    headers: {
      'xkey-purge': 'product:1 product:*',
      'cache-token': expect.stringMatching(/^[\w-]+\.\d+$/) as string,
    },
  });
  expect(JSON.stringify(edge.seen)).not.toContain(TOKEN);
  await purger('varnish').purge(many);
  const fields = edge.seen.slice(1).map(({ headers }) => String(headers['xkey-purge']));
  expect(fields.length).toBeGreaterThan(3);
  expect(Math.max(...fields.map((field) => field.length))).toBeLessThanOrEqual(4_096);
  expect(fields.join(' ').split(' ')).toEqual(many);
  await purger('varnish').purgeEverything();
  expect(edge.seen.at(-1)?.headers['xkey-purge']).toBe('*');
});

it('Fastly: POST purge with Surrogate-Key and Fastly-Key, at most 256 keys a call', async () => {
  await purger('fastly').purge(['product:1', 'product:*']);
  expect(edge.seen[0]).toMatchObject({
    method: 'POST',
    path: '/service/s1/purge',
    headers: { 'fastly-key': TOKEN, 'surrogate-key': 'product:1 product:*' },
    body: '',
  });
  await purger('fastly').purge(many);
  const calls = edge.seen.slice(1).map(({ headers }) => String(headers['surrogate-key']).split(' '));
  expect(Math.max(...calls.map((keys) => keys.length))).toBe(256);
  expect(calls.flat()).toEqual(many);
  await purger('fastly').purgeEverything();
  expect(edge.seen.at(-1)).toMatchObject({ method: 'POST', path: '/service/s1/purge_all' });
  expect(edge.seen.at(-1)?.headers).not.toHaveProperty('surrogate-key');
});

it('Cloudflare: POST purge_cache with a bearer token and JSON, at most 100 tags a call', async () => {
  await purger('cloudflare').purge(['product:1', 'product:*']);
  expect(edge.seen[0]).toMatchObject({
    method: 'POST',
    path: '/service/s1/purge_cache',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: '{"tags":["product:1","product:*"]}',
  });
  await purger('cloudflare').purge(many);
  const calls = edge.seen.slice(1).map(({ body }) => (JSON.parse(body) as { tags: string[] }).tags);
  expect(Math.max(...calls.map((list) => list.length))).toBe(100);
  expect(calls.flat()).toEqual(many);
  await purger('cloudflare').purgeEverything();
  expect(JSON.parse(edge.seen.at(-1)!.body)).toEqual({ purge_everything: true });
});

it('Cloudflare: an error with status 200 is an error', async () => {
  for (const body of [{ success: false, errors: [{ code: 10_000 }] }, 'ok', null]) {
    edge.behave(() => ({ status: 200, body }));
    expect((await failure(purger('cloudflare').purge(['t']))).message).toContain('without success');
  }
});

describe.each(effort<(typeof EVERY)[number][]>(['varnish'], [...EVERY]))('%s', (kind) => {
  it('a 429 is not retried at once, and its Retry-After is reported', async () => {
    const later = new Date(Date.now() + 20_000).toUTCString();
    for (const [header, least, most] of [
      ['7', 7_000, 7_000],
      [later, 15_000, 20_000],
      [undefined, 1_000, 1_000],
      ['soon', 1_000, 1_000],
      ['86400', 60_000, 60_000],
    ] as const) {
      edge.behave(() => ({ status: 429, headers: { ...(header && { 'retry-after': header }) } }));
      const { retryAfter } = await failure(purger(kind).purge(['t']));
      expect(retryAfter).toBeGreaterThanOrEqual(least);
      expect(retryAfter).toBeLessThanOrEqual(most);
      expect(edge.seen).toHaveLength(1);
    }
  });

  it('a short fault is retried and reported to no caller', async () => {
    edge.behave((_purge, call) => ({ status: call === 1 ? 500 : 200, body: { success: true } }));
    await purger(kind).purge(['t']);
    expect(edge.seen).toHaveLength(2);
  });

  it.each([403, 404, 500, 302])('a lasting %s is an error that names the URL and the status', async (status) => {
    edge.behave(() => ({ status, headers: { location: `${edge.url}/elsewhere` } }));
    const { message, retryAfter } = await failure(purger(kind).purge(['t']));
    expect(message).toMatch(new RegExp(`${edge.url}/service/s1.* answered ${status}`));
    expect(retryAfter).toBeUndefined();
    // A redirect would carry the token to another place.
    expect(edge.seen.filter(({ path }) => path === '/elsewhere')).toEqual([]);
  });

  it('an edge that hangs or is unreachable is an error within the deadline', async () => {
    edge.behave(() => undefined);
    expect((await failure(purger(kind).purge(['t']))).message).toContain('no response within 2000 ms');
    const nowhere = await failure(purger(kind, 'http://127.0.0.1:1').purge(['t']));
    expect(nowhere.message).toMatch(/http:\/\/127.0.0.1:1\S*: \S+/);
  });

  it('a failed batch fails the purge, so no unpurged tag is marked as purged', async () => {
    edge.behave((_purge, call) => ({ status: call < 2 ? 200 : 503, body: { success: true } }));
    await failure(purger(kind).purge(many));
  });
});

it.each(HOSTED)('%s: no error contains the token', async (kind) => {
  const told: string[] = [];
  for (const reply of [{ status: 401 }, { status: 429 }, { status: 500, body: TOKEN }]) {
    edge.behave(() => reply);
    const error = await failure(purger(kind).purge(['t']));
    told.push(`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`);
  }
  told.push((await failure(purger(kind, 'http://127.0.0.1:1').purge(['t']))).stack ?? '');
  expect(told.join(' ')).not.toContain(TOKEN);
});

it.each([
  ['url', { purge: 'varnish' }],
  ['url', { purge: 'fastly', token: TOKEN }],
  ['url', { purge: 'varnish', url: 'varnish:80' }],
  ['url', { purge: 'varnish', url: 'http://ada:hunter2@127.0.0.1' }],
  ['token', { purge: 'fastly', url: 'https://api.fastly.com/service/x' }],
  ['token', { purge: 'cloudflare', url: 'https://api.cloudflare.com/client/v4/zones/x', token: '' }],
  ['purge', { purge: 'akamai' as never }],
  ['tags', { tags: ['etag' as never] }],
  ['ttl', { ttl: 'long' }],
  ['staleIfError', { staleIfError: -1 }],
] as const)('a wrong %s is refused and named', (name, options) => {
  const attempt = (): unknown => resolveEdge(options);
  expect(attempt).toThrow(new RegExp(`\\b${name}"`));
  expect(attempt).not.toThrow('hunter2');
});
