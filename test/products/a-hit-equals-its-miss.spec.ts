import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Backend, onEveryBackend } from '../support/backends';
import { effort } from '../support/effort';
import { ask, cacheStatus, kept, RawAnswer, RawRequest } from '../support/http';
import { startStrata, StrataProcess } from '../support/strata-process';
import { acceptEncoding, publicAddress } from './addresses';

const decoded = ({ headers, body }: RawAnswer): string => {
  const encoding = headers['content-encoding'];
  if (encoding === 'br') return brotliDecompressSync(body).toString();
  return (encoding === 'gzip' ? gunzipSync(body) : body).toString();
};

/** What stays the same whatever the encoding. */
const meaning = (answer: RawAnswer, isHead: boolean): object => {
  const names = ['content-type', 'cache-control', 'vary', 'x-content-type-options', 'content-security-policy'];
  const body = isHead ? '' : decoded(answer).replace(/"request_id":"[^"]*"/, '');
  // What edges may do begins with s-maxage: a service that gathers no tags cannot say it.
  const headers = names.map((name) => String(answer.headers[name]).replace(/, s-maxage=.*/, ''));
  return { status: answer.status, headers, body };
};

onEveryBackend((open) => {
  let backend: Backend;
  let node: StrataProcess;
  /** Another node on the same Redis, and a service without any cache: on the same data. */
  let other: StrataProcess | undefined;
  let uncached: StrataProcess | undefined;

  beforeAll(async () => {
    backend = await open(10_000);
    node = await startStrata(backend.env);
    if (backend.name === 'embedded') return;
    other = await startStrata(backend.env);
    uncached = await startStrata({ ...backend.env, CACHE_LAYERS: 'none' });
  });
  afterAll(async () => {
    for (const service of [node, other, uncached]) await service?.stop();
    await backend.dispose();
  });

  it('byte for byte, over all public routes, parameters, methods and encodings', async () => {
    const tiers = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        publicAddress,
        acceptEncoding,
        fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
        async (path, encoding, method) => {
          const request: RawRequest = {
            method,
            headers: encoding === undefined ? {} : { 'accept-encoding': encoding },
          };
          const isHead = method === 'HEAD';
          const first = await ask(node.url, path, request);
          const again = [await ask(node.url, path, request), await ask(node.url, path, request)];
          if (other) again.push(await ask(other.url, path, request));
          for (const answer of again) {
            expect(kept(answer)).toEqual(kept(first));
            expect(new Set(answer.names).size).toBe(answer.names.length);
            const status = String(answer.headers['cache-status']);
            const tier = status.split('; detail=')[1] ?? status;
            tiers.set(tier, (tiers.get(tier) ?? 0) + 1);
          }
          if (uncached) {
            const plain = await ask(uncached.url, path, { method });
            expect(meaning(first, isHead)).toEqual(meaning(plain, isHead));
            if (first.headers['content-encoding'] === undefined) expect(first.headers.etag).toBe(plain.headers.etag);
          }
        },
      ),
      { numRuns: effort(80, 250) },
    );
    expect(tiers.get('l1')).toBeGreaterThan(effort(15, 50));
    if (other) expect(tiers.get('l2')).toBeGreaterThan(effort(2, 10));
  });

  it('each encoding is made once, has its own ETag and holds the same body', async () => {
    const path = '/api/products?page=3';
    const plain = await ask(node.url, path);
    const seen = new Map<unknown, unknown>([[undefined, plain.headers.etag]]);
    const expected: [string, string | undefined][] = [
      ['gzip', 'gzip'],
      ['br', 'br'],
      ['gzip, br', 'br'],
      ['br;q=0.1, gzip;q=0.9', 'gzip'],
      ['*', 'br'],
      ['br;q=0, *', 'gzip'],
      ['identity;q=0, gzip;q=0.1', 'gzip'],
      ['identity, gzip;q=0.5', undefined],
      ['gzip;q=0', undefined],
      ['identity', undefined],
      ['zstd', undefined],
    ];
    for (const [wish, encoding] of [...expected, ...expected]) {
      const answer = await ask(node.url, path, { headers: { 'accept-encoding': wish } });
      expect([wish, answer.headers['content-encoding']]).toEqual([wish, encoding]);
      expect(decoded(answer)).toBe(plain.body.toString());
      expect(answer.headers['content-length']).toBe(String(answer.body.length));
      expect(answer.headers.vary).toContain('accept-encoding');
      seen.set(encoding, seen.get(encoding) ?? answer.headers.etag);
      expect(answer.headers.etag).toBe(seen.get(encoding));
    }
    expect(new Set(seen.values()).size).toBe(3);
  });

  it('a client that refuses the plain form of a small response gets it compressed', async () => {
    const answer = await ask(node.url, '/api/products/1', { headers: { 'accept-encoding': 'identity;q=0, gzip' } });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect((JSON.parse(decoded(answer)) as { id: number }).id).toBe(1);
  });

  it('any spelling is one entry, and 400s are none', async () => {
    const spellings = ['page=9&page_size=50', 'page=09', 'page_size=050&page=9', 'ordering=-created_at&page=9'];
    const answers = [];
    for (const spelling of spellings) {
      answers.push(await ask(node.url, `/api/products?${spelling}`), await ask(node.url, `/api/products/?${spelling}`));
    }
    expect(
      answers.map(cacheStatus).filter((status) => !status.startsWith(`${name()}; hit`)).length,
    ).toBeLessThanOrEqual(1);
    expect(new Set(answers.map(({ headers }) => headers.etag)).size).toBe(1);
    const wrong = await ask(node.url, '/api/products?colour=red');
    expect([wrong.status, wrong.headers['cache-status'], wrong.headers.etag]).toEqual([400, undefined, undefined]);
    expect(wrong.body.toString()).toContain('colour');
  });

  const name = (): string => backend.env.CACHE_PREFIX ?? 'strata';
});
