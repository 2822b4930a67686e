import { onRealServers, type Backend } from '../../support/backends';
import { send, tokenFor } from '../../support/client';
import { eventually } from '../../support/eventually';
import { FakeEdge } from '../../support/fake-edge';
import { RedisServer } from '../../support/redis-server';
import { startStrata, type StrataProcess } from '../../support/strata-process';
import { TcpProxy } from '../../support/tcp-proxy';

const token = tokenFor('ada', 'editor');
/** Milliseconds. A node that hears nothing serves what it has for so long; the bound is 2 × that + 1 s. */
const MAX_LAG = 3_000;
const PATH = '/api/products/7';

/** A shared cache that keeps what it is allowed to, drops it when its tags are purged, and fetches again. */
class Edge {
  private kept?: { body: string; tags: string[] };

  constructor(private readonly origin: string) {}

  async get(): Promise<string> {
    if (this.kept) return this.kept.body;
    const { text, headers } = await send(this.origin, PATH);
    const mayKeep = /s-maxage=[1-9]/.test(headers.get('cache-control') ?? '');
    if (mayKeep) this.kept = { body: text, tags: (headers.get('xkey') ?? '').split(' ') };
    return text;
  }

  get isFull(): boolean {
    return this.kept !== undefined;
  }

  purge(tags: Set<string>): void {
    if (this.kept?.tags.some((tag) => tags.has(tag))) this.kept = undefined;
  }
}

onRealServers((open) => {
  let backend: Backend;
  let redis: RedisServer;
  let wire: TcpProxy;
  let api: FakeEdge;
  let nodes: StrataProcess[] = [];

  beforeAll(async () => {
    [backend, redis, api] = await Promise.all([open(100), RedisServer.start(), FakeEdge.start()]);
    wire = await TcpProxy.to(redis.port);
    const env = { ...backend.env, CACHE_MAX_LAG: `${MAX_LAG}ms`, EDGE_PURGE: 'varnish', EDGE_PURGE_URL: api.url };
    nodes = await Promise.all([
      startStrata({ ...env, REDIS_URL: redis.url }),
      startStrata({ ...env, REDIS_URL: wire.url }),
    ]);
  });

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await api.close();
    await wire.close();
    await redis.stop();
    await backend.dispose();
  });

  it('the re-purge drops an old response that a node behind the write returned just after the purge', async () => {
    const [writer, deaf] = nodes as [StrataProcess, StrataProcess];
    const edge = new Edge(deaf.url);
    const before = await eventually(async () => {
      const { text, headers } = await send(deaf.url, PATH);
      return headers.get('cache-status')?.includes('detail=l1') ? text : false;
    });
    const seen: string[] = [];
    api.behave(async () => {
      edge.purge(api.xkeys().at(-1)!);
      // Somebody asks for it at once.
      seen.push(await edge.get());
      return { status: 200 };
    });
    wire.partition();
    const start = performance.now();
    await send(writer.url, PATH, { method: 'PATCH', token, json: { stock: 4711 } });
    await eventually(() => seen.length > 0);
    // The very case: purged, and then filled with the old answer, which it may keep for minutes.
    expect(seen[0]).toBe(before);
    expect(edge.isFull).toBe(true);

    await eventually(async () => (await edge.get()) !== before);
    expect(performance.now() - start).toBeGreaterThan(2 * MAX_LAG);
    expect(await edge.get()).toContain('"stock":4711');
    wire.heal();
  });
});
