import { type FakeServer, startFakeServer } from '../../support/fake-server';
import { isHit } from '../../support/edge-site';
import { ask, type RawAnswer } from '../../support/http';
import { Nginx } from '../../support/nginx';
import { Varnish } from '../../support/varnish';
import { needs } from '../../support/needs';

const FRESH = 'public, max-age=0, must-revalidate, s-maxage=300';

/** What a node might say, and whether an edge may keep it. */
const ANSWERS: [what: string, headers: Record<string, string>, kept: boolean][] = [
  ['what is meant for edges', { 'cache-control': FRESH }, true],
  ['what varies by encoding and by who asks', { 'cache-control': FRESH, vary: 'accept-encoding, Authorization' }, true],
  ['nothing about freshness', {}, false],
  ['freshness for everybody', { 'cache-control': 'public, max-age=300' }, true],
  ['private', { 'cache-control': 'private, s-maxage=300' }, false],
  ['no-store', { 'cache-control': 'no-store' }, false],
  ['CDN-Cache-Control: private', { 'cache-control': FRESH, 'cdn-cache-control': 'private' }, false],
  ['CDN-Cache-Control: no-cache', { 'cache-control': FRESH, 'cdn-cache-control': 'no-cache' }, false],
  ['Vary: *', { 'cache-control': FRESH, vary: '*' }, false],
  ['a cookie', { 'cache-control': FRESH, 'set-cookie': 'session=1' }, false],
  ['Expires without GMT', { expires: 'Sun, 06 Nov 2094 08:49:37' }, false],
  ['an age beyond its freshness', { 'cache-control': FRESH, age: '400' }, false],
  ['that it could not ask the clock', { 'cache-control': FRESH, 'x-accel-expires': '0' }, false],
];

describe.each(['nginx', 'varnish'])('%s', (name) => {
  needs(name === 'nginx' ? 'nginx' : 'varnish');
  let node: FakeServer;
  let edge: Nginx | Varnish;
  beforeAll(async () => {
    node = await startFakeServer();
    node.behave((request, response) => {
      const index = Number(/page=(\d+)/.exec(request.url!)?.[1] ?? -1);
      response.writeHead(200, { 'content-type': 'text/plain', ...ANSWERS[index]?.[1] }).end('answer');
    });
    const port = Number(new URL(node.url).port);
    edge = name === 'nginx' ? await Nginx.start([port]) : await Varnish.start([port, port]);
  });
  afterAll(async () => {
    await edge.stop();
    await node.close();
  });

  const get = (path: string, method = 'GET'): Promise<RawAnswer> => ask(edge.url, path, { method });

  it.each(ANSWERS.map(([what, , kept], index) => ({ what, kept, index })))('$what: cached $kept', async (one) => {
    const path = `/api/products?page=${one.index}`;
    expect(isHit(await get(path))).toBe(false);
    expect(isHit(await get(path))).toBe(one.kept);
  });

  it('Expires that is not after Date: never cached, whichever digit says so', async () => {
    const digits = [...'0123456789'];
    const at = (digit: string): string => `Sun, 06 Nov 2094 08:49:3${digit} GMT`;
    node.behave((request, response) => {
      const [, expires = '', date = ''] = /(\d)-(\d)/.exec(request.url!) ?? [];
      response.writeHead(200, { 'content-type': 'text/plain', expires: at(expires), date: at(date) }).end('answer');
    });
    for (const date of digits) {
      for (const expires of digits.filter((digit) => digit <= date)) {
        const path = `/api/products?q=${expires}-${date}`;
        await get(path);
        expect([path, isHit(await get(path))]).toEqual([path, false]);
      }
    }
  });

  it('what is purged by tag is cached by Varnish, which is purged, and not by nginx, which is not', async () => {
    node.behave((_request, response) => {
      response.writeHead(200, { 'cache-control': `${FRESH}, stale-while-revalidate=10`, xkey: 'product:2' });
      response.end('answer');
    });
    const answers = [await get('/api/products/1'), await get('/api/products/1')];
    expect(answers.map(isHit)).toEqual([false, name === 'varnish']);
    for (const { headers } of answers) expect(headers).not.toHaveProperty('xkey');
  });

  it.each([
    '/metrics',
    '/metrics#x',
    '/metrics/#/api/products',
    '/docs#?page=1',
    '/api/cache/stats#',
    'http://shop/metrics',
    'https://shop/metrics',
    'https://shop/health/live?x=1',
    'https://shop/api/cache/stats',
    'https://shop#/metrics',
  ])('%s is closed, however it is written: it reaches no node', async (path) => {
    const reached: string[] = [];
    node.behave((request, response) => {
      reached.push(request.url!);
      response.writeHead(200).end('inside');
    });
    const { status, body } = await get(path);
    expect([400, 403]).toContain(status);
    expect(body.toString()).not.toContain('inside');
    // Varnish's probes.
    expect(reached.filter((url) => url !== '/health/ready')).toEqual([]);
  });

  if (name === 'varnish') {
    it('accepts a purge that names tags, and no other', async () => {
      expect((await get('/', 'PURGE')).status).toBe(400);
      const purge = await ask(edge.url, '/', { method: 'PURGE', headers: { 'xkey-purge': 'product:1' } });
      expect([purge.status, purge.body.toString()]).toEqual([200, '0']);
    });
  }
});
