import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { anyDatabase } from '../../../support/backends';
import { send, signed, tokenFor } from '../../../support/client';
import { eventually } from '../../../support/eventually';
import { useService } from '../../../support/service';

const service = useService(anyDatabase);
const token = tokenFor('ann', 'admin');
const address = (): [number, string] => {
  const { hostname, port } = new URL(service.process().url);
  return [Number(port), hostname];
};
const live = (as: string): string => `GET /api/cache/live HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${as}\r\n\r\n`;
const isOpen = async (): Promise<boolean> =>
  (await send(service.process().url, '/api/cache/live?seconds=1', { token })).status === 200;

it('a stream that waits behind large pages on a connection that hangs up gives its place back', async () => {
  const pages = 'GET /api/products?page_size=200 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100);
  for (let i = 0; i < 16; i += 1) {
    const socket = connect(...address());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.pause();
    await new Promise((resolve) => socket.write(pages + live(token), resolve));
    // So that the server has read it; whether it has makes no difference to the claim.
    await pause(50);
    socket.destroy();
  }
  await eventually(isOpen);
});

it('a stream without a reader ends with its token', async () => {
  const short = signed({ sub: 'ann', roles: ['admin'] }, 2);
  const sockets = Array.from({ length: 16 }, () => connect(...address()));
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(live(short));
  }
  await eventually(async () => !(await isOpen()));
  await eventually(isOpen);
  for (const socket of sockets) socket.destroy();
});
