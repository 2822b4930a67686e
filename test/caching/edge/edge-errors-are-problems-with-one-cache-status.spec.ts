import { type Answer, send, tokenFor } from '../../support/client';
import { parseCacheStatus } from '../../support/cache-status';
import { EdgeSite, needsOf, edges, ONE_NODE } from '../../support/edge-site';
import type { RawAnswer } from '../../support/http';
import { KETTLE } from '../../products/product';
import { needs } from '../../support/needs';
import { RawConnection } from '../../support/raw-connection';

const HOST = 'Host: shop\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const LONG = 'x'.repeat(40_000);

const EDITOR = tokenFor('editor', 'editor');
/** As src/products/product-writes.controller.ts has it. */
const BATCH_LIMIT = 4 * 1024 * 1024;

/** Requests that the edge itself may refuse, and the statuses that are right. */
const REFUSED: [what: string, statuses: number[], request: string][] = [
  [
    'a body over 64 kB',
    [413],
    `POST /api/products HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`,
  ],
  ['a long URL', [414, 431, 400], `GET /api/products?search=${LONG} HTTP/1.1\r\n${HOST}\r\n`],
  ['long headers', [400, 431], `GET /api/products HTTP/1.1\r\n${HOST}X-Long: ${LONG}\r\n\r\n`],
  ['no HTTP', [400], `NONSENSE\r\n\r\n`],
  ['a read with a body', [400], `GET /api/products HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`],
  ['two Hosts', [400], `GET /api/products HTTP/1.1\r\n${HOST}${HOST}\r\n`],
  ['an unknown coding', [400, 501], `POST /api/products HTTP/1.1\r\n${HOST}Transfer-Encoding: x\r\n\r\n`],
  ['TRACE', [405], `TRACE /api/products HTTP/1.1\r\n${HOST}\r\n`],
  ['an If-Match that fails', [412, 200], `GET /api/products/1 HTTP/1.1\r\n${HOST}If-Match: "other"\r\n\r\n`],
  ['a range past the end', [416, 200], `GET /api/products/1 HTTP/1.1\r\n${HOST}Range: bytes=999999-\r\n\r\n`],
  ['what is closed', [403], `GET /metrics HTTP/1.1\r\n${HOST}\r\n`],
  ['the console', [403], `GET /console HTTP/1.1\r\n${HOST}\r\n`],
  ['its files', [403], `GET /console/console.js HTTP/1.1\r\n${HOST}\r\n`],
  ['the documentation', [403], `GET /docs HTTP/1.1\r\n${HOST}\r\n`],
  ['its JSON', [403], `GET /docs-json HTTP/1.1\r\n${HOST}\r\n`],
  ['readiness', [403], `GET /health/ready HTTP/1.1\r\n${HOST}\r\n`],
  ['the cache’s own routes', [403], `GET /api/cache/stats HTTP/1.1\r\n${HOST}\r\n`],
  ['the same by another spelling', [403, 400], `GET /api//cache/%73tats HTTP/1.1\r\n${HOST}\r\n`],
  ['the same with a fragment', [403, 400], `GET /metrics#x HTTP/1.1\r\n${HOST}\r\n`],
  ['the same with a scheme and a host', [403, 400], `GET https://shop/metrics HTTP/1.1\r\n${HOST}\r\n`],
  ['and another', [403, 404], `GET /x/../metrics HTTP/1.1\r\n${HOST}\r\n`],
];

describe.each(edges('nginx'))('behind %s', (name) => {
  needs(...needsOf(name));
  let site: EdgeSite;
  beforeAll(async () => {
    site = await EdgeSite.open(name, {}, ONE_NODE);
    await site.warm('/api/products/1');
  });
  afterAll(() => site.close());

  it.each(REFUSED)('%s: %j, as a problem', async (_what, statuses, request) => {
    const connection = (await RawConnection.to(site.edge.url)).send(request);
    await connection.responses(1);
    connection.send('\r\n');
    await connection.body();
    const { received } = connection;
    connection.close();
    // What Varnish's parser refuses gets a bare status line, or none: no VCL is asked.
    if (name === 'varnish' && /^(HTTP\/1\.1 400 Bad Request\r\n\r\n)?$/.test(received)) return;
    expect(statuses).toContain(connection.statuses[0]);
    if (connection.statuses[0] === 200) return;
    expect(received.match(/^cache-status:/gim) ?? []).toHaveLength(1);
    // Varnish makes its 416 when VCL is through; it has no body.
    if (name === 'varnish' && connection.statuses[0] === 416) return;
    expect(received).toMatch(/^content-type: application\/problem\+json/im);
    expect(JSON.parse(received.split('\r\n\r\n')[1]!)).toMatchObject({ status: connection.statuses[0] });
  });

  /** A batch that writes one product, with blanks up to this length. */
  function batch(base: string, bytes: number, path = '/api/products/batch'): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    const body = '{"patch":[{"id":7,"stock":5}]}'.padEnd(bytes);
    return send(base, path, { method: 'POST', token: EDITOR, headers, body });
  }

  it('a batch may be as large as at the node, and no larger', async () => {
    for (const base of [site.nodes[0]!.url, site.edge.url]) {
      for (const path of ['/api/products/batch', '/api/products/batch/?']) {
        expect([base, path, (await batch(base, 200_000, path)).status]).toEqual([base, path, 200]);
      }
      expect([base, (await batch(base, BATCH_LIMIT)).status]).toEqual([base, 200]);
    }
    const changes = Array.from({ length: 1_000 }, () => ({ ...KETTLE, description: 'd'.repeat(300) }));
    const real = await site.send(site.edge.url, '/api/products/batch', { method: 'POST', json: { create: changes } });
    expect(real.status).toBe(200);
    // While it is still sent, a client may see the connection close before it reads the response.
    const large = await batch(site.edge.url, BATCH_LIMIT + 1).catch(() => undefined);
    expect(large?.status ?? 413).toBe(413);
  });

  it('a token may be as long as at the node', async () => {
    const headers = { authorization: `Bearer ${'x'.repeat(12_000)}` };
    for (const base of [site.nodes[0]!.url, site.edge.url]) {
      expect([base, (await send(base, '/api/me/dashboard', { headers })).status]).toEqual([base, 401]);
      expect([base, (await send(base, '/api/products/1', { headers })).status]).toEqual([base, 200]);
    }
  });

  it('no node reachable: 502 or 503 with Retry-After', async () => {
    site.lines.forEach((line) => line.refuse());
    let answer: RawAnswer;
    try {
      answer = await site.get('/api/products/299');
    } finally {
      site.lines.forEach((line) => line.heal());
    }
    expect([502, 503]).toContain(answer.status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.headers['cache-control']).toBe('no-store');
    const names = parseCacheStatus(String(answer.headers['cache-status'])).map(({ cache }) => cache);
    expect(names).toEqual([name]);
    await site.until('/api/products/1', ({ status }) => status === 200);
  });
});
