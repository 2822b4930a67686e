import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Connections that are closed together once there are too many, so that the next ones need not search again. */
const AT_ONCE = 64;

/**
 * From `most` connections on, a new one takes the place of one that no caller waits for, in this order: those that never sent a byte, the
 * oldest first; those between two requests; those whose client does not read its responses, the oldest first. So thousands of idle
 * connections keep no caller out. Where every connection has a request under way, the server refuses new ones from twice as many on.
 */
export function makeRoom(server: Server, most: number): void {
  const open = new Set<Socket>();
  server.maxConnections = 2 * most;
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (open.size <= most) return;
    const others = [...open].filter((other) => other !== socket && !other.destroyed);
    if (closeOldest(others.filter(({ bytesRead }) => bytesRead === 0))) return;
    server.closeIdleConnections();
    if (others.some(({ destroyed }) => destroyed)) return;
    closeOldest(others.filter(({ writableLength }) => writableLength > 0));
  });
}

/** @returns whether there was one */
function closeOldest(sockets: readonly Socket[]): boolean {
  for (const socket of sockets.slice(0, AT_ONCE)) socket.destroy();
  return sockets.length > 0;
}
