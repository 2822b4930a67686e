import { eventually, pause } from '../../support/eventually';
import { EdgeSite, isHit, json, type EdgeName, needsOf } from '../../support/edge-site';
import type { RawAnswer } from '../../support/http';
import { needs } from '../../support/needs';

/** Seconds that the edge may use an answer without asking, so that the test need not wait for five minutes. */
const TTL = 4;

const stock = (answer: RawAnswer): number => json<{ stock: number }>(answer).stock;

describe.each<EdgeName>(['nginx', 'varnish'])('behind %s', (name) => {
  needs(...needsOf(name));
  let site: EdgeSite;
  beforeAll(async () => {
    site = await EdgeSite.open(name, { EDGE_TTL: `${TTL}s` });
  });
  afterAll(() => site.close());

  it('with no node reachable the edge serves fresh, then stale responses, and new ones afterwards', async () => {
    const path = '/api/products/51';
    await site.write(path, { stock: 1 });
    await site.until(path, (answer) => isHit(answer) && stock(answer) === 1);
    // A purge drops what nginx knows of a group, and with it the right to use what is stale.
    await site.quiet();
    await site.warm(path);
    site.lines.forEach((line) => line.refuse());
    try {
      expect([await site.get(path)].map((answer) => [answer.status, isHit(answer)])).toEqual([[200, true]]);
      await pause((TTL + 1) * 1_000);
      for (let round = 0; round < 5; round += 1) {
        const stale = await site.get(path);
        expect([stale.status, stock(stale), stale.headers['x-cache']]).toEqual([200, 1, 'STALE']);
        // RFC 9111 §4.2.3: what a recipient takes its age for.
        const apparent = (Date.now() - Date.parse(String(stale.headers.date))) / 1_000;
        expect(Math.max(apparent, Number(stale.headers.age ?? 0))).toBeGreaterThanOrEqual(TTL);
        expect(stale.headers.age).not.toBe('0');
      }
      expect((await site.get('/api/products/52')).status).toBeGreaterThanOrEqual(502);
      // Written past the edge, which cannot hear of it.
      await site.write(path, { stock: 2 });
    } finally {
      site.lines.forEach((line) => line.heal());
    }
    // Nodes that failed are left alone for two seconds.
    await site.until(path, (answer) => stock(answer) === 2);
    await eventually(async () => isHit(await site.get(path)));
  });

  it('one unreachable node costs no request', async () => {
    site.lines[0]!.refuse();
    try {
      const statuses = [];
      for (let id = 60; id < 80; id += 1) statuses.push((await site.get(`/api/products/${id}`)).status);
      expect(new Set(statuses)).toEqual(new Set([200]));
    } finally {
      site.lines[0]!.heal();
    }
  });
});
