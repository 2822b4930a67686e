import { anyDatabase } from '../support/backends';
import { tokenFor } from '../support/client';
import { eventually } from '../support/eventually';
import { ask } from '../support/http';
import { useService } from '../support/service';

/** Bytes: just within what Node's parser accepts for a whole head. */
const LONG = 15_000;
const REQUESTS = 50;
/** Bytes of the log for one request: a line of JSON around a URL that is cut at 512 characters. */
const LOGGED = 1_000;

const service = useService(anyDatabase, { NODE_ENV: 'production', LOG_LEVEL: 'debug' });

/** Sends the requests, waits until the last one is in the log, and returns the bytes that they added to it. */
async function logged(pathOf: (n: number) => string, status: number): Promise<number> {
  const { url, output } = service.process();
  const before = output().length;
  for (let n = 0; n < REQUESTS; n++) expect((await ask(url, pathOf(n))).status).toBe(status);
  const lines = (): string[] => output().slice(before).split('\n');
  await eventually(() => lines().filter((line) => line.includes(`"status":${status}`)).length >= REQUESTS);
  return output().length - before;
}

it.each([
  ['a 404 of a long path', (n: number) => `/nothing/${n}/${'x'.repeat(LONG)}`, 404],
  ['a 404 of a long path that is percent-encoded', (n: number) => `/nothing/${n}/${'%E2%98%83'.repeat(LONG / 9)}`, 404],
  ['a 400 of a long query', (n: number) => `/api/products?page=0&n${n}=${'x'.repeat(LONG)}`, 400],
])('%s adds a bounded line to the log', async (_name, pathOf, status) => {
  expect(await logged(pathOf, status)).toBeLessThan(REQUESTS * LOGGED);
});

it.each<[string, number, string, string, object | undefined]>([
  ['a tag that is too long', 400, 'POST', '/api/cache/evict', { tags: ['x'.repeat(50_000)] }],
  [
    'a hundred tags',
    200,
    'POST',
    '/api/cache/evict',
    { tags: Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(250, 'x')) },
  ],
  ['a key that is too long', 400, 'DELETE', `/api/cache/entries/${'x'.repeat(10_000)}`, undefined],
])(
  '%s of an administrator is a %i, and adds a bounded line to the audit log',
  async (_what, status, method, path, json) => {
    const { output } = service.process();
    const before = output().length;
    const answer = await service.send(method, path, { token: tokenFor('ada', 'admin'), json });
    expect(answer.status).toBe(status);
    const id = answer.headers.get('x-request-id') ?? '';
    const lines = (): string[] =>
      output()
        .slice(before)
        .split('\n')
        .filter((line) => line.includes(id));
    await eventually(() => lines().some((line) => line.includes('"cache admin"')));
    for (const line of lines()) expect(line.length).toBeLessThan(LOGGED);
  },
);

it('a long Accept-Encoding is not parsed: the response is the plain one, from the cache', async () => {
  const { url } = service.process();
  const plain = await ask(url, '/api/products', { headers: { 'accept-encoding': 'identity' } });
  for (let n = 0; n < 5; n++) {
    const wish = `gzip, ${Array.from({ length: 1_000 }, (_, i) => `x-${n}-${i};q=0.5`).join(', ')}`;
    const response = await ask(url, '/api/products', { headers: { 'accept-encoding': wish.slice(0, LONG) } });
    expect([response.status, response.headers['content-encoding']]).toEqual([200, undefined]);
    expect(response.headers['cache-status']).toMatch(/; hit;/);
    expect(response.body.equals(plain.body)).toBe(true);
  }
  const zipped = await ask(url, '/api/products', { headers: { 'accept-encoding': 'gzip' } });
  expect(zipped.headers['content-encoding']).toBe('gzip');
});
