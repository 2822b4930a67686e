import { Client } from 'pg';
import { Backend, anyDatabase, onRealServers } from '../support/backends';
import { send, tokenFor } from '../support/client';
import { effort } from '../support/effort';
import { startStrata, StrataProcess } from '../support/strata-process';
import { TcpProxy } from '../support/tcp-proxy';

describe('with nothing to do', () => {
  // With a request in flight: SIGTERM.
  it.each(effort(['SIGINT'] as const, ['SIGTERM', 'SIGINT'] as const))('%s ends it with 0', async (signal) => {
    const backend = await anyDatabase(10_000);
    try {
      const service = await startStrata(backend.env);
      await send(service.url, '/api/products/1');
      const exited = new Promise((resolve) => service.child.once('exit', resolve));
      service.child.kill(signal);
      expect(await exited).toBe(0);
    } finally {
      await backend.dispose();
    }
  });
});

onRealServers((open) => {
  let backend: Backend;
  let service: StrataProcess;
  let blocker: Client;

  beforeEach(async () => {
    backend = await open();
    service = await startStrata(backend.env);
    blocker = new Client({ connectionString: backend.env.DATABASE_URL });
    await blocker.connect();
    await blocker.query(`INSERT INTO products (name, price, description, category, stock, rating)
                         VALUES ('Held', 1, '', 'test', 1, 1)`);
    await blocker.query('BEGIN');
    await blocker.query('SELECT * FROM products FOR UPDATE');
  });

  afterEach(async () => {
    await blocker.end();
    await service.kill();
    await backend.dispose();
  });

  const write = (): ReturnType<typeof send> =>
    send(service.url, '/api/products/1', { method: 'PATCH', token: tokenFor('eve', 'editor'), json: { stock: 9 } });

  async function untilTheWriteWaits(): Promise<void> {
    for (;;) {
      const { rows } = await blocker.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      if (rows.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  it('serves the request in flight, refuses new ones, and exits with 0', async () => {
    const inFlight = write();
    await untilTheWriteWaits();
    const stopped = service.stop();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await expect(fetch(`${service.url}/health/live`, { headers: { connection: 'close' } })).rejects.toThrow();
    await blocker.query('COMMIT');
    expect(await inFlight).toMatchObject({ status: 200, body: { stock: 9 } });
    expect(await stopped).toBe(0);
  });
});

onRealServers((open) => {
  it('gives up on a request that does not end', async () => {
    const backend = await open();
    const url = new URL(backend.env.DATABASE_URL ?? '');
    const wire = await TcpProxy.to(Number(url.port || 5432));
    url.host = `127.0.0.1:${wire.port}`;
    const service = await startStrata({ ...backend.env, DATABASE_URL: url.href });
    wire.partition();
    const inFlight = send(service.url, '/api/products').catch((error: Error) => error);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await service.stop()).toBe(1);
    expect(await inFlight).toHaveProperty('message', 'fetch failed');
    await wire.close();
    await backend.dispose();
  });
});
