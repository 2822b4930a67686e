import { EdgeSite, isHit, needsOf, edges, ONE_NODE } from '../../support/edge-site';
import { ask, type RawAnswer } from '../../support/http';
import { needs } from '../../support/needs';
import { RawConnection } from '../../support/raw-connection';

const PATH = '/api/products?page=2&page_size=5';
const OLD = 'Mon, 01 Jan 2024 00:00:00 GMT';

describe.each(edges('varnish'))('behind %s', (name) => {
  needs(...needsOf(name));
  let site: EdgeSite;
  let etag: string;
  beforeAll(async () => {
    site = await EdgeSite.open(name, {}, ONE_NODE);
    etag = String((await site.warm(PATH)).headers.etag);
  });
  afterAll(() => site.close());

  const atNode = (headers: Record<string, string>, method = 'GET'): Promise<RawAnswer> =>
    ask(site.nodes[0]!.url, PATH, { method, headers });

  it.each<[what: string, headers: (etag: string) => Record<string, string>]>([
    ['If-Match that holds', (tag) => ({ 'if-match': tag })],
    ['If-Match that fails', () => ({ 'if-match': '"other"' })],
    ['If-Match with a star', () => ({ 'if-match': '*' })],
    ['If-Match with a weak tag', (tag) => ({ 'if-match': `W/${tag}` })],
    ['If-None-Match that holds', () => ({ 'if-none-match': '"other"' })],
    ['If-None-Match of the response', (tag) => ({ 'if-none-match': tag })],
    ['If-None-Match with a list', (tag) => ({ 'if-none-match': `"a", W/${tag}` })],
    ['If-None-Match with a star', () => ({ 'if-none-match': '*' })],
    ['a tag that ends like another', (tag) => ({ 'if-none-match': `"x${tag.slice(1)}` })],
    ['If-Unmodified-Since', () => ({ 'if-unmodified-since': OLD })],
    ['If-Modified-Since', () => ({ 'if-modified-since': new Date().toUTCString() })],
    ['both tags and dates', () => ({ 'if-none-match': '"o"', 'if-modified-since': new Date().toUTCString() })],
    ['the tag of the response and an old date', (tag) => ({ 'if-none-match': tag, 'if-modified-since': OLD })],
    ['an unknown range unit', () => ({ range: 'items=0-1' })],
    ['a range that is none', () => ({ range: 'bytes=b-a' })],
    ['only-if-cached', () => ({ 'cache-control': 'only-if-cached' })],
  ])('%s', async (_what, headers) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await site.ask(PATH, { method, headers: headers(etag) });
      expect([method, answer.status]).toEqual([method, (await atNode(headers(etag), method)).status]);
      if (answer.status === 304) expect(answer.headers['content-length'] ?? 'none').not.toBe('0');
    }
    // And what is kept is what it was.
    expect((await site.warm(PATH)).headers.etag).toBe(etag);
  });

  it.each(['bytes=0-3', 'bytes=-5', 'bytes=5-', 'bytes=0-3,5-9', 'bytes=0-3, 99999999-', 'bytes=0-0,-1'])(
    'Range: %s is served in part or ignored, and not refused',
    async (range) => {
      for (let i = 0; i < 2; i += 1) {
        const { status } = await site.get(PATH, { range });
        expect([200, 206]).toContain(status);
      }
      expect((await site.warm(PATH)).headers.etag).toBe(etag);
    },
  );

  it.each([
    '',
    'identity',
    'gzip',
    'br',
    'gzip, br',
    'br;q=0.5, gzip',
    'br;q=0, gzip',
    'gzip;q=0, br;q=0',
    'gzip;q=0.000',
    'BR',
    '*',
    '*;q=0',
    'identity;q=0, *;q=0',
    'deflate',
    'gzip;q=1.0, *;q=0.5',
    'gzip ; q=0 , br',
    'x-gzip',
    'gzip;q=0.001',
  ])('Accept-Encoding: %s', async (accepted) => {
    const headers: Record<string, string> = accepted === '' ? {} : { 'accept-encoding': accepted };
    const node = await atNode(headers);
    for (let i = 0; i < 2; i += 1) {
      const answer = await site.get(PATH, headers);
      const coding = answer.headers['content-encoding'] ?? 'identity';
      // Three spellings reach the node, so an edge may choose a smaller coding, but none that was refused.
      const wanted = node.headers['content-encoding'] ?? 'identity';
      expect([wanted, ...(PREFERS_LESS[accepted] ?? [])]).toContain(coding);
      expect(answer.headers.vary).toMatch(/accept-encoding/i);
    }
  });

  it('HTTP/1.0, with and without Host', async () => {
    for (const head of [`GET ${PATH} HTTP/1.0\r\n\r\n`, `GET ${PATH} HTTP/1.0\r\nHost: shop\r\n\r\n`]) {
      for (const path of [PATH, `${PATH}&ordering=price`]) {
        const connection = (await RawConnection.to(site.edge.url)).send(head.replace(PATH, path));
        await connection.body();
        expect(connection.statuses).toEqual([200]);
        connection.close();
      }
    }
  });

  it('a cached response has its age', async () => {
    const hit = await site.warm(PATH);
    expect(isHit(hit)).toBe(true);
    expect(Number(hit.headers.age)).toBeGreaterThanOrEqual(0);
    expect(hit.headers.date).toBeDefined();
  });
});

/** What an edge may give instead of what the node would, for preferences that its three spellings do not carry. */
const PREFERS_LESS: Record<string, string[]> = {
  'br;q=0.5, gzip': ['br'],
  '*': ['identity'],
  'gzip, br': ['br'],
  'gzip;q=1.0, *;q=0.5': ['gzip'],
};
