import { send, tokenFor } from '../../support/client';
import { EdgeSite, json, needsOf, edges } from '../../support/edge-site';
import { SLACK } from '../../support/eventually';
import type { RawAnswer } from '../../support/http';
import { shared } from '../../support/machine/shared';
import { needs } from '../../support/needs';
import { TcpProxy } from '../../support/tcp-proxy';

const stock = (answer: RawAnswer): number => json<{ stock: number }>(answer).stock;

describe.each(edges('varnish'))('behind %s', (name) => {
  needs(...needsOf(name));
  let redis: TcpProxy;
  let site: EdgeSite;
  beforeAll(async () => {
    const url = await shared('redis');
    redis = await TcpProxy.to(Number(new URL(url).port || 6_379));
    // No news of a write reaches this node by pub/sub; its heartbeat still syncs it, every two seconds.
    redis.hold((bytes) => bytes.includes('message'));
    site = await EdgeSite.open(name, { CACHE_MAX_LAG: '8s' }, [{ REDIS_URL: url }, { REDIS_URL: redis.url }]);
  });
  afterAll(async () => {
    await site.close();
    await redis.close();
  });

  /** @returns whether the second node was behind the write when the token came */
  async function seesTheWrite(round: number): Promise<boolean> {
    const late = site.nodes[1]!.url;
    const path = `/api/products/${150 + (round % 50)}`;
    for (const { url } of site.nodes) for (let i = 0; i < 3; i += 1) await send(url, path);
    await site.warm(path);
    const { headers } = await site.write(path, { stock: 7_000 + round });
    const token = headers.get('cache-token')!;
    expect(token).toMatch(/^[\w-]+\.\d+$/);
    const without = await send<{ stock: number }>(late, path);
    const atNode = await send<{ stock: number }>(late, path, { headers: { 'cache-token': token } });
    expect(atNode.body.stock).toBe(7_000 + round);
    expect(stock(await site.get(path, { 'cache-token': token }))).toBe(7_000 + round);
    return without.body.stock !== 7_000 + round;
  }

  it('on a node that has not received the write, and through an edge that caches the old response', async () => {
    const until = performance.now() + SLACK;
    let timesBehind = 0;
    // A heartbeat between a write and its read shows nothing, so the rounds go on until some did.
    for (let round = 1; timesBehind < 3 && performance.now() < until; round += 1) {
      if (await seesTheWrite(round)) timesBehind += 1;
    }
    expect(timesBehind).toBe(3);
  });

  it('reads and failed writes have no token; a forged token changes no response', async () => {
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
