import { send, tokenFor } from '../../support/client';
import { EdgeSite, type EdgeName, json, needsOf } from '../../support/edge-site';
import type { RawAnswer } from '../../support/http';
import { shared } from '../../support/machine/shared';
import { needs } from '../../support/needs';
import { TcpProxy } from '../../support/tcp-proxy';

/** ms that news of a write takes to the second node; its heartbeat comes every two seconds. */
const LATE = 1_500;
const stock = (answer: RawAnswer): number => json<{ stock: number }>(answer).stock;

describe.each<EdgeName>(['nginx', 'varnish'])('behind %s', (name) => {
  needs(...needsOf(name));
  let redis: TcpProxy;
  let site: EdgeSite;
  beforeAll(async () => {
    const url = await shared('redis');
    redis = await TcpProxy.to(Number(new URL(url).port || 6_379));
    redis.delay(LATE, (bytes) => bytes.includes('message'));
    site = await EdgeSite.open(name, { CACHE_MAX_LAG: '8s' }, (node) => ({
      REDIS_URL: node === 1 ? redis.url : url,
    }));
  });
  afterAll(async () => {
    await site.close();
    await redis.close();
  });

  it('on a node that has not heard of it, and through an edge that keeps what was before', async () => {
    const late = site.nodes[1]!.url;
    let wasBehind = 0;
    for (let round = 1; round <= 4; round += 1) {
      const path = `/api/products/${150 + round}`;
      for (const { url } of site.nodes) for (let i = 0; i < 3; i += 1) await send(url, path);
      await site.warm(path);
      const { headers } = await site.write(path, { stock: 7_000 + round });
      const token = headers.get('cache-token')!;
      expect(token).toMatch(/^[\w-]+\.\d+$/);
      const without = await send<{ stock: number }>(late, path);
      if (without.body.stock !== 7_000 + round) wasBehind += 1;
      const atNode = await send<{ stock: number }>(late, path, { headers: { 'cache-token': token } });
      expect(atNode.body.stock).toBe(7_000 + round);
      expect(stock(await site.get(path, { 'cache-token': token }))).toBe(7_000 + round);
    }
    // Else the test would have shown nothing.
    expect(wasBehind).toBeGreaterThan(0);
  });

  it('a read has none, nor has a write that failed; a forged one changes no response', async () => {
    const path = '/api/products/160';
    const read = await site.get(path);
    expect(read.headers).not.toHaveProperty('cache-token');
    const token = tokenFor('ada', 'editor');
    const refused = await send(site.nodes[0]!.url, path, { method: 'PATCH', token, json: { price: -1 } });
    expect([refused.status, refused.headers.has('cache-token')]).toEqual([400, false]);
    for (const forged of ['x', '.', 'x.1', `${'e'.repeat(3_000)}.1`, '.9999999999999999999999', 'a.b.c', '"', 'x.-1']) {
      for (let i = 0; i < 3; i += 1) {
        const answer = await site.get(path, { 'cache-token': forged });
        expect([answer.status, answer.body.toString()]).toEqual([200, read.body.toString()]);
      }
    }
  });
});
