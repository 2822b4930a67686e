import { Redis } from 'iovalkey';
import { type Backend, onEveryBackend, onRealServers } from '../support/backends';
import { ProblemBody, send, tokenFor } from '../support/client';
import { useService } from '../support/service';
import { startStrata, type StrataProcess } from '../support/strata-process';

onEveryBackend((open) => {
  const service = useService(open, { THROTTLE_LIMIT: '3' });

  function write(user: string, path = '/api/products/1'): ReturnType<typeof service.send<ProblemBody>> {
    return service.send<ProblemBody>('PATCH', path, { token: tokenFor(user, 'editor'), json: { stock: 5 } });
  }

  it('stops a client at its limit over all routes together, and says when to retry', async () => {
    for (const path of ['/api/products/1', '/api/products/2', '/api/products/3']) {
      expect((await write('greedy', path)).status).toBe(200);
    }
    const refused = await write('greedy');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('content-type')).toMatch(/problem\+json/);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });

  it('lets other clients write, and the stopped one read', async () => {
    expect((await write('modest')).status).toBe(200);
    for (let reads = 0; reads < 10; reads++) {
      expect((await service.get('/api/products/1', { token: tokenFor('greedy') })).status).toBe(200);
    }
  });
});

onRealServers((open) => {
  let backend: Backend;
  let nodes: StrataProcess[];
  beforeAll(async () => {
    backend = await open(10);
    const env = { ...backend.env, THROTTLE_LIMIT: '4' };
    nodes = await Promise.all([startStrata(env), startStrata(env)]);
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await backend.dispose();
  });

  it('nodes that share a Redis share the limit of a client, and its key has no name', async () => {
    const token = tokenFor('nomad', 'editor');
    const statuses: number[] = [];
    for (let call = 0; call < 6; call++) {
      const { url } = nodes[call % 2]!;
      statuses.push((await send(url, '/api/products/1', { method: 'PATCH', token, json: { stock: call } })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
    const redis = new Redis(backend.env.REDIS_URL!);
    const keys = await redis.keys(`${backend.env.CACHE_PREFIX}:*`);
    const left = await redis.pttl(keys.find((key) => key.includes(':throttle:'))!);
    redis.disconnect();
    expect(keys.filter((key) => key.includes('nomad'))).toEqual([]);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
  });
});
