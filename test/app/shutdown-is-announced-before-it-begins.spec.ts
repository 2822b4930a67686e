import { once } from 'node:events';
import { type Backend, anyDatabase } from '../support/backends';
import { send } from '../support/client';
import { slowIt } from '../support/effort';
import { eventually } from '../support/eventually';
import { RawConnection } from '../support/raw-connection';
import { startStrata } from '../support/strata-process';

let backend: Backend;
beforeAll(async () => {
  backend = await anyDatabase(10_000);
});
afterAll(() => backend.dispose());

const GET = 'GET /api/products/1 HTTP/1.1\r\nHost: shop\r\n\r\n';

it('within SHUTDOWN_GRACE the node is not ready, takes requests, and closes each connection after its response', async () => {
  const service = await startStrata({ ...backend.env, SHUTDOWN_GRACE: '10m' });
  const kept = await RawConnection.to(service.url);
  await kept.send(GET).body();
  expect(kept.received).not.toMatch(/^connection: close\r$/im);

  service.child.kill('SIGTERM');
  await eventually(async () => (await send(service.url, '/health/ready')).status === 503);
  expect((await send(service.url, '/health/ready')).body).toMatchObject({ detail: 'Not ready: shutting down.' });
  expect((await send(service.url, '/health/live')).status).toBe(200);
  for (const connection of [kept, await RawConnection.to(service.url)]) {
    await connection.send(GET).closed();
    expect(connection.statuses.at(-1)).toBe(200);
    expect(connection.received).toMatch(/^connection: close\r$/im);
  }

  const exited = once(service.child, 'exit');
  service.child.kill('SIGTERM');
  expect((await exited)[0]).toBe(1);
});

slowIt('after the grace it ends with 0; on SIGINT there is none', async () => {
  const soon = await startStrata({ ...backend.env, SHUTDOWN_GRACE: '300ms' });
  expect(await soon.stop()).toBe(0);
  expect(soon.output()).toContain('taking requests for 300 ms');
  const late = await startStrata({ ...backend.env, SHUTDOWN_GRACE: '10m' });
  const exited = once(late.child, 'exit');
  late.child.kill('SIGINT');
  expect((await exited)[0]).toBe(0);
});
