import { slowIt } from '../support/effort';
import { eventually } from '../support/eventually';
import { Backend, onRealServers } from '../support/backends';
import { Answer, ProblemBody, send, tokenFor } from '../support/client';
import { startStrata, StrataProcess } from '../support/strata-process';
import { TcpProxy } from '../support/tcp-proxy';

onRealServers((open) => {
  let backend: Backend;
  let wire: TcpProxy;
  let service: StrataProcess;

  beforeAll(async () => {
    backend = await open();
    const url = new URL(backend.env.DATABASE_URL ?? '');
    wire = await TcpProxy.to(Number(url.port || 5432));
    url.port = String(wire.port);
    url.hostname = '127.0.0.1';
    service = await startStrata({ ...backend.env, DATABASE_URL: url.href, CACHE_LAYERS: 'none' });
  });

  afterAll(async () => {
    await service.stop();
    await wire.close();
    await backend.dispose();
  });

  const get = (path: string): Promise<Answer<ProblemBody>> => send<ProblemBody>(service.url, path);

  async function untilReady(): Promise<void> {
    while ((await get('/health/ready')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  it('cut: reads and writes are 503 problems, ready fails and says what, live stays; and it recovers by itself', async () => {
    await untilReady();
    wire.refuse();
    const read = await get('/api/products');
    expect(read.status).toBe(503);
    expect(read.headers.get('content-type')).toMatch(/problem\+json/);
    expect(read.headers.get('retry-after')).toBe('5');
    const token = tokenFor('eve', 'editor');
    const write = await send(service.url, '/api/products/1', { method: 'PATCH', token, json: { stock: 1 } });
    expect(write.status).toBe(503);
    for (const answer of [read, write]) expect(answer.text).not.toMatch(/ECONN|postgres|127\.0\.0\.1/i);
    // A check stands for a second.
    await eventually(async () => (await get('/health/ready')).status === 503);
    const ready = await get('/health/ready');
    expect(ready).toMatchObject({ status: 503, body: { details: { database: 'down' } } });
    expect(ready.headers.get('retry-after')).toBe('5');
    expect((await get('/health/live')).status).toBe(200);

    wire.heal();
    await untilReady();
    expect((await get('/api/products')).status).toBe(200);
  });

  // In npm test: database/pool-survives-lost-and-silent-connections.
  slowIt('frozen: nothing hangs', async () => {
    await untilReady();
    wire.partition();
    const [live, read] = await Promise.all([get('/health/live'), get('/api/products')]);
    expect([live.status, read.status]).toEqual([200, 503]);
    await eventually(async () => (await get('/health/ready')).status === 503);
    wire.heal();
    await untilReady();
  });
});
