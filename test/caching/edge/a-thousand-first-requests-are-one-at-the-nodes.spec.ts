import { send } from '../../support/client';
import { EdgeSite, isHit, needsOf, edges, ONE_NODE } from '../../support/edge-site';
import { cacheStatus } from '../../support/http';
import { needs } from '../../support/needs';

describe.each(edges('varnish'))('behind %s', (name) => {
  needs(...needsOf(name));
  let site: EdgeSite;
  beforeAll(async () => {
    // Else nginx asks again after a second, however few requests the machine makes in one.
    site = await EdgeSite.open(name, { EDGE_TTL: '5m', CACHE_MAX_LAG: '100ms' }, ONE_NODE);
    await site.quiet();
  });
  afterAll(() => site.close());

  it('a thousand first requests at once are one at the nodes', async () => {
    const path = '/api/products?page=4';
    // The nodes have it, so no query decides how long the lock of the edge is held.
    for (const { url } of site.nodes) expect((await send(url, path)).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => site.get(path)));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const asked = answers.filter((answer) => !isHit(answer));
    expect(asked.map(cacheStatus)).toEqual([expect.stringContaining('fwd=uri-miss')]);
  });
});
