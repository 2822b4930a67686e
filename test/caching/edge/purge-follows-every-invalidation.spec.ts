import { onEveryBackend, onRealServers, type OpenBackend } from '../../support/backends';
import { tokenFor } from '../../support/client';
import { eventually, pause } from '../../support/eventually';
import { FakeEdge } from '../../support/fake-edge';
import { allPurged } from '../../support/purges';
import { type Service, useService } from '../../support/service';
import { sql } from '../../support/sql';

const token = tokenFor('ada', 'admin', 'editor');
/** In ms: how far a node may be behind, and when the second purge follows the first. */
const MAX_LAG = 100;
const ECHO = 2 * MAX_LAG + 1_000;

/** A service, and the edge that it purges. */
function usePurgedEdge(open: OpenBackend): { service: Service; edge: () => FakeEdge } {
  const env: Record<string, string> = { EDGE_PURGE: 'varnish', CACHE_MAX_LAG: `${MAX_LAG}ms` };
  let edge: FakeEdge;

  // Before the service, which has to be told where it is.
  beforeAll(async () => {
    edge = await FakeEdge.start();
    env.EDGE_PURGE_URL = edge.url;
  });
  const service = useService(open, env);
  afterAll(() => edge.close());
  beforeEach(() => edge.behave(() => ({ status: 200 })));
  return { service, edge: () => edge };
}

onEveryBackend((open) => {
  const { service, edge } = usePurgedEdge(open);

  /** What metrics count as purged: the first purge of a tag, and not the second. */
  const purged = async (): Promise<number> =>
    Number(/^cache_purged_tags_total (\d+)$/m.exec((await service.get('/metrics')).text)?.[1]);

  it('a write purges what it invalidated, at once and once more, and metrics count it once', async () => {
    const before = await purged();
    const start = performance.now();
    const answer = await service.send('PATCH', '/api/products/1', { token, json: { price: 4711 } });
    expect(answer.status).toBe(200);
    // On a busy machine the second purge may be there before the first look.
    await eventually(() => edge().timesPurged('product:1') > 0);
    for (const tag of ['product:*', 'products:price', 'products:*']) expect(edge().timesPurged(tag)).toBeGreaterThan(0);
    await eventually(async () => (await purged()) > before);
    const once = await purged();
    await eventually(() => edge().timesPurged('product:1') === 2);
    expect(edge().seen.at(-1)!.at - start).toBeGreaterThan(ECHO - 100);
    await pause(ECHO + 500);
    expect([edge().timesPurged('product:1'), await purged()]).toEqual([2, once]);
  });

  it('tags that an administrator invalidates are purged, and a clear purges the tag of everything', async () => {
    await service.send('POST', '/api/cache/evict', { token, json: { tags: ['products:price', 'späti 1'] } });
    await eventually(() => edge().timesPurged('products:price') > 0);
    // As headers have it.
    expect(edge().timesPurged('sp%C3%A4ti%201')).toBeGreaterThan(0);
    await service.send('DELETE', '/api/cache', { token });
    await eventually(() => edge().timesPurged('*') > 0);
  });

  it('refused writes and reads purge nothing', async () => {
    await service.send('PATCH', '/api/products/2', { token, json: { price: -1 } });
    await service.send('PATCH', '/api/products/2', { json: { price: 1 } });
    await service.get('/api/products/2');
    // A later purge is there, and what is queued by then has been purged.
    await service.send('POST', '/api/cache/evict', { token, json: { tags: ['later'] } });
    await eventually(() => edge().timesPurged('later') > 0);
    expect(
      edge()
        .xkeys()
        .flatMap((tags) => [...tags])
        .filter((tag) => tag.startsWith('product:')),
    ).toEqual([]);
  });
});

onRealServers((open) => {
  const { service, edge } = usePurgedEdge(open);

  it('what begins an epoch because the data changed purges everything: no trigger names what it changed', async () => {
    await allPurged(service.databaseUrl());
    edge().behave(() => ({ status: 200 }));
    await sql(service.databaseUrl(), 'ALTER TABLE products ALTER stock TYPE bigint USING stock + 1');
    await eventually(() => edge().timesPurged('*') > 0);
  });
});
