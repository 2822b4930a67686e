import { once } from 'node:events';
import { AddressInfo, connect, createServer, Socket } from 'node:net';

/** A wire between a service and its server that a test can cut, silence and mend. */
export interface TcpProxy {
  port: number;
  /** Breaks every connection and refuses new ones. */
  cut: () => void;
  /** Keeps connections open and lets nothing through: the other side seems frozen. */
  freeze: () => void;
  /** Ends cut or freeze. What was held back is delivered. */
  mend: () => void;
  close: () => Promise<void>;
}

export async function startTcpProxy(targetPort: number, targetHost = '127.0.0.1'): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let state: 'open' | 'cut' | 'frozen' = 'open';

  const server = createServer((client) => {
    if (state === 'cut') return void client.destroy();
    const target = connect(targetPort, targetHost);
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (state === 'frozen') from.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const breakAll = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = 'cut';
      breakAll();
    },
    freeze: () => {
      state = 'frozen';
      sockets.forEach((socket) => socket.pause());
    },
    mend: () => {
      state = 'open';
      sockets.forEach((socket) => socket.resume());
    },
    close: async () => {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}
