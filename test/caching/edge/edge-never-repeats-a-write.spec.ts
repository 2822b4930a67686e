import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EdgeServer } from '../../support/edge-server';
import { edges } from '../../support/edge-site';
import { ask } from '../../support/http';
import { needs } from '../../support/needs';
import { Nginx } from '../../support/nginx';
import { Varnish } from '../../support/varnish';

/** A node that does the work and dies before it has said so: the connection breaks, with a request on it. */
class DyingNode {
  readonly done: string[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      if (request.url!.startsWith('/health')) return void response.end('{}');
      if (request.url === '/api/alive') return void response.end('alive');
      request.resume();
      request.on('end', () => {
        this.done.push(`${request.method} ${request.url}`);
        request.socket.destroy();
      });
    });
  }

  static async start(): Promise<DyingNode> {
    const node = new DyingNode();
    node.server.listen(0, '127.0.0.1');
    await once(node.server, 'listening');
    return node;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

describe.each(edges('varnish'))('behind %s', (name) => {
  needs(name);
  let nodes: DyingNode[];
  let edge: EdgeServer;
  beforeAll(async () => {
    nodes = [await DyingNode.start(), await DyingNode.start()];
    const ports = nodes.map(({ port }) => port);
    edge = name === 'nginx' ? await Nginx.start(ports) : await Varnish.start(ports);
  });
  afterAll(async () => {
    await edge.stop();
    nodes.forEach((node) => node.close());
  });

  const done = (): string[] => nodes.flatMap((node) => node.done.splice(0));
  /** So that the edge has an idle connection to both nodes, which is where a proxy likes to try again. */
  const connect = (): Promise<unknown> => Promise.all([1, 2, 3, 4].map(() => ask(edge.url, '/api/alive')));

  it.each(['PUT', 'DELETE', 'POST', 'PATCH'])(
    'a %s whose node dies is done once, and the client is told',
    async (method) => {
      for (let round = 0; round < 3; round += 1) {
        await connect();
        const path = `/api/products/${round}`;
        const answer = await ask(edge.url, path, { method, headers: { 'if-match': '"v1"', 'content-length': '0' } });
        expect(answer.status).toBeGreaterThanOrEqual(502);
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
        expect(done()).toEqual([`${method} ${path}`]);
        // nginx leaves a node that failed alone for two seconds.
        await new Promise((resolve) => setTimeout(resolve, name === 'nginx' ? 700 : 0));
      }
    },
  );

  it('a read is retried at the other node', async () => {
    await connect();
    done();
    await ask(edge.url, '/api/products/9');
    // Varnish tries a connection that was idle once more, too.
    expect(done().length).toBeGreaterThanOrEqual(2);
  });
});
