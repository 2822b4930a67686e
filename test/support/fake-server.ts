import { once } from 'node:events';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';

export type Behaviour = (request: IncomingMessage, response: ServerResponse, call: number) => void;

/** A local server in the place of somebody else's, which can be told to be slow, broken or wrong. */
export interface FakeServer {
  url: string;
  behave: (behaviour: Behaviour) => void;
  calls: () => number;
  close: () => Promise<void>;
}

export const answerJson =
  (body: unknown, status = 200): Behaviour =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

export async function startFakeServer(path = ''): Promise<FakeServer> {
  let behaviour: Behaviour = answerJson({}, 500);
  let calls = 0;
  const server = createServer((request, response) => behaviour(request, response, ++calls));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    behave: (next) => {
      behaviour = next;
      calls = 0;
    },
    calls: () => calls,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
