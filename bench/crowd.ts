import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** As many connections are opened at a time as any server's queue takes. */
const BATCH = 50;

/**
 * Opens a connection for each request first, then sends all of them in one go, dealt out to the servers in turn.
 * @returns ms until the last one had its response
 * @throws Error when one of them was not a 200
 */
export async function askAtOnce(bases: readonly string[], path: string, requests: number): Promise<number> {
  const sockets: Socket[] = [];
  for (let opened = 0; opened < requests; opened += BATCH) {
    const some = Array.from({ length: Math.min(BATCH, requests - opened) }, (_, i) => {
      const { hostname, port } = new URL(bases[(opened + i) % bases.length]!);
      return connect(Number(port), hostname);
    });
    await Promise.all(some.map((socket) => once(socket, 'connect')));
    sockets.push(...some);
  }
  const began = performance.now();
  const heads = await Promise.all(sockets.map((socket) => request(socket, path)));
  const failed = heads.filter((head) => !head.startsWith('HTTP/1.1 200'));
  if (failed.length > 0) throw new Error(`${failed.length} of ${requests} requests failed: ${failed[0]}`);
  return performance.now() - began;
}

function request(socket: Socket, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = '';
    socket.on('data', (chunk: Buffer) => (head ||= chunk.toString('latin1', 0, 60)));
    socket.on('end', () => {
      socket.destroy();
      resolve(head);
    });
    socket.on('error', reject);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`);
  });
}
