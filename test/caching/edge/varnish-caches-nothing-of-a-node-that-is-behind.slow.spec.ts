import { shared } from '../../support/machine/shared';
import { send } from '../../support/client';
import { EdgeSite, json, needsOf } from '../../support/edge-site';
import { eventually, pause } from '../../support/eventually';
import type { RawAnswer } from '../../support/http';
import { TcpProxy } from '../../support/tcp-proxy';
import { needs } from '../../support/needs';

const ROUNDS = 6;
/** ms that news of a write takes to the second node; its heartbeat comes every two seconds. */
const LATE = 1_500;

const stock = (answer: RawAnswer): number => json<{ stock: number }>(answer).stock;

/**
 * In bounded mode a node may answer with what it has not yet heard to be old. That ends after a moment; in the edge it would stay
 * for minutes. So the edge says what it knows, and the node asks the clock before it answers.
 */
describe('behind Varnish', () => {
  needs(...needsOf('varnish'));
  let redis: TcpProxy;
  let site: EdgeSite;
  beforeAll(async () => {
    const url = await shared('redis');
    redis = await TcpProxy.to(Number(new URL(url).port || 6_379));
    redis.delay(LATE, (bytes) => bytes.includes('message'));
    site = await EdgeSite.open('varnish', { CACHE_MAX_LAG: '8s' }, [{ REDIS_URL: url }, { REDIS_URL: redis.url }]);
  });
  afterAll(async () => {
    await site.close();
    await redis.close();
  });

  it('Varnish never caches a response of a node that has not received the write', async () => {
    const late = site.nodes[1]!.url;
    let wasBehind = 0;
    for (let round = 1; round <= ROUNDS; round += 1) {
      const path = `/api/products/${100 + round}`;
      // Both nodes have it in memory, the front included; so has the edge.
      for (const { url } of site.nodes) for (let i = 0; i < 3; i += 1) await send(url, path);
      await site.warm(path);
      await site.write(path, { stock: 9_000 + round });
      const directly = await send<{ stock: number }>(late, path);
      if (directly.body.stock !== 9_000 + round) wasBehind += 1;

      const seen: boolean[] = [];
      const ask = async (): Promise<boolean> => {
        seen.push(stock(await site.get(path)) === 9_000 + round);
        return seen.at(-1)!;
      };
      await eventually(ask);
      // Once it has the new value it never goes back.
      for (const until = Date.now() + LATE + 1_000; Date.now() < until; await pause(10)) await ask();
      expect(seen.lastIndexOf(false)).toBeLessThan(seen.indexOf(true));
    }
    // Else the test would have shown nothing.
    expect(wasBehind).toBeGreaterThan(0);
  });
});
