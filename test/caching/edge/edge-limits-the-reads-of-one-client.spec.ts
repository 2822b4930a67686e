import { parseCacheStatus } from '../../support/cache-status';
import { EdgeSite, type EdgeName, isHit, needsOf, edges, ONE_NODE } from '../../support/edge-site';
import { eventually } from '../../support/eventually';
import { ask, type RawAnswer } from '../../support/http';
import { needs } from '../../support/needs';
import { Nginx } from '../../support/nginx';
import { RawConnection } from '../../support/raw-connection';
import { Varnish } from '../../support/varnish';

/** The limits of docker/, small enough that no speed of the machine decides: five reads, and no more for an hour. */
const FEW = {
  nginx: { 'rate=500r/s': 'rate=1r/m', 'burst=1000 nodelay': 'burst=4 nodelay' },
  varnish: { '1000, 2s': '5, 1h' },
};
/** Requests of one client that nginx lets a node work on at the same time. */
const AT_ONCE = 256;

function expectRefusal(name: EdgeName, { status, headers, body }: RawAnswer): void {
  expect(status).toBe(429);
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
  expect(parseCacheStatus(String(headers['cache-status'])).map(({ cache }) => cache)).toEqual([name]);
  expect(JSON.parse(body.toString())).toMatchObject({ status: 429, title: 'Too Many Requests' });
}

describe.each(edges('nginx'))('behind %s', (name) => {
  needs(...needsOf(name));
  let site: EdgeSite;
  let limited: Nginx | Varnish;
  beforeAll(async () => {
    site = await EdgeSite.open(name, { EDGE_TTL: '5m' }, ONE_NODE);
    const ports = [Number(new URL(site.nodes[0]!.url).port)];
    const start = name === 'nginx' ? Nginx : Varnish;
    limited = await start.start(ports, undefined, FEW[name]);
  });
  afterAll(async () => {
    await limited.stop();
    await site.close();
  });

  it('limits what a client reads at the nodes to a rate: 429, a problem; hits and writes go on', async () => {
    const cached = '/api/products/80';
    expect((await ask(limited.url, cached)).status).toBe(200);
    const answers: RawAnswer[] = [];
    for (let id = 81; id < 95; id += 1) answers.push(await ask(limited.url, `/api/products/${id}`));
    const refused = answers.filter(({ status }) => status !== 200);
    // nginx may let one more through when a minute ends in between.
    expect(refused.length).toBeGreaterThan(7);
    for (const answer of refused) expectRefusal(name, answer);
    const hit = await ask(limited.url, cached);
    expect([hit.status, isHit(hit)]).toEqual([200, true]);
    await site.send(limited.url, '/api/products/80', { method: 'PATCH', json: { stock: 8 } });
  });

  if (name === 'nginx') {
    it('limits how many requests of a client the nodes work on at the same time', async () => {
      site.lines.forEach((line) => line.hold(() => true));
      // A cookie bypasses the cache, so no request waits for another's response.
      const request = 'GET /api/products/96 HTTP/1.1\r\nHost: shop\r\nCookie: a=b\r\nConnection: close\r\n\r\n';
      const connections: RawConnection[] = [];
      for (let i = 0; i < AT_ONCE + 40; i += 1) {
        connections.push((await RawConnection.to(site.edge.url)).send(request));
      }
      const refused = (): RawConnection[] => connections.filter(({ statuses }) => statuses[0] === 429);
      try {
        await eventually(() => refused().length === 40);
        for (const { received } of refused()) {
          expect(received).toMatch(/^content-type: application\/problem\+json/im);
          expect(received).toMatch(/^retry-after: 1\r$/im);
          expect(received.match(/^cache-status:/gim)).toHaveLength(1);
        }
      } finally {
        site.lines.forEach((line) => line.release());
      }
      const served = connections.filter((one) => !refused().includes(one));
      await Promise.all(served.map((one) => one.closed()));
      expect(served.map(({ statuses }) => statuses)).toEqual(Array.from({ length: AT_ONCE }, () => [200]));
    });
  }
});
