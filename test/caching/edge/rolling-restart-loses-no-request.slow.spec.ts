import { Agent, request } from 'node:http';
import { json as readJson } from 'node:stream/consumers';
import { type Backend, postgresAndRedis } from '../../support/backends';
import { tokenFor } from '../../support/client';
import { type EdgeName, needsOf } from '../../support/edge-site';
import { eventually, pause } from '../../support/eventually';
import { needs } from '../../support/needs';
import { Nginx } from '../../support/nginx';
import { freePort } from '../../support/redis-server';
import { sql } from '../../support/sql';
import { startStrata, type StrataProcess } from '../../support/strata-process';
import { Varnish } from '../../support/varnish';

const ROUNDS = 2;
const EDITOR = tokenFor('eve', 'editor');
const CREATED = { price: 1, description: 'x', category: 'test', stock: 1, rating: 1 };

interface Given {
  status: number;
  body: { id?: number };
}

/** Clients with kept connections, one request after the other, until `stop`. What is not 2xx is lost. */
class Load {
  readonly lost: string[] = [];
  readonly done = { reads: 0, writes: 0 };
  private running = true;
  private readonly loops: Promise<void>[];

  constructor(private readonly url: string) {
    const readers = Array.from({ length: 6 }, (_, index) => this.reader(index));
    this.loops = [...readers, this.changer(1), this.changer(2), this.creator('a'), this.creator('b')];
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  private async reader(index: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers: Record<string, string> = index % 2 ? { authorization: `Bearer ${EDITOR}` } : {};
    for (let n = index; this.running; n += 7) {
      const path = n % 3 ? `/api/products/${10 + (n % 250)}` : `/api/products?page=${1 + (n % 5)}`;
      await this.send(agent, 'GET', path, headers);
      this.done.reads += 1;
      await pause(2);
    }
    agent.destroy();
  }

  private async changer(id: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let stock = 1; this.running; stock += 1) {
      await this.write(agent, 'PATCH', `/api/products/${id}`, { stock });
      await pause(10);
    }
    agent.destroy();
  }

  /** A POST done twice makes a second row of its name; a DELETE sent twice is a 404. */
  private async creator(name: string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let n = 0; this.running; n += 1) {
      const made = await this.write(agent, 'POST', '/api/products', { ...CREATED, name: `Rolled ${name} ${n}` });
      if (n % 2 && made.body.id !== undefined) await this.write(agent, 'DELETE', `/api/products/${made.body.id}`);
      await pause(10);
    }
    agent.destroy();
  }

  private async write(agent: Agent, method: string, path: string, body?: object): Promise<Given> {
    const headers = { authorization: `Bearer ${EDITOR}`, ...(body ? { 'content-type': 'application/json' } : {}) };
    const given = await this.send(agent, method, path, headers, body && JSON.stringify(body));
    this.done.writes += 1;
    return given;
  }

  private async send(
    agent: Agent,
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Given> {
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const given = await new Promise<Given | string>((resolve) => {
      request(`${this.url}${path}`, { method, agent, headers: { ...headers, ...length } }, (response) => {
        const status = response.statusCode!;
        readJson(response).then(
          (read) => resolve({ status, body: read as Given['body'] }),
          (error: Error) => resolve(status === 204 ? { status, body: {} } : error.message),
        );
      })
        .once('error', (error) => resolve(error.message))
        .end(body);
    });
    if (typeof given === 'string' || given.status >= 300) {
      this.lost.push(`${method} ${path}: ${typeof given === 'string' ? given : JSON.stringify(given)}`);
    }
    return typeof given === 'string' ? { status: 0, body: {} } : given;
  }
}

describe.each<EdgeName>(['nginx', 'varnish'])('behind %s', (name) => {
  needs(...needsOf(name));
  let backend: Backend;
  let edge: Nginx | Varnish;
  const nodes: StrataProcess[] = [];
  const ports: number[] = [];
  let start: (index: number) => Promise<StrataProcess>;

  beforeAll(async () => {
    backend = await postgresAndRedis(300);
    const port = await freePort();
    ports.push(await freePort(), await freePort());
    const purge: Record<string, string> =
      name === 'varnish' ? { EDGE_PURGE: name, EDGE_PURGE_URL: `http://127.0.0.1:${port}` } : {};
    start = (index) => startStrata({ ...backend.env, ...purge, PORT: String(ports[index]), SHUTDOWN_GRACE: '4s' });
    nodes.push(await start(0), await start(1));
    edge = name === 'varnish' ? await Varnish.start(ports, port) : await Nginx.start(ports, port);
  });
  afterAll(async () => {
    await edge?.stop();
    await Promise.all(nodes.map((node) => node.kill()));
    await backend?.dispose();
  });

  /** The edge has sent this process a write, so it knows that the node is back. */
  const isUsed = (node: StrataProcess): boolean => /"method":"(PATCH|POST|DELETE)"/.test(node.output());

  it('every node is restarted twice under load: each request is done, each write once', async () => {
    const load = new Load(edge.url);
    try {
      for (const index of Array.from({ length: ROUNDS * 2 }, (_, turn) => turn % 2)) {
        await eventually(() => nodes.every(isUsed));
        expect(await nodes[index]!.stop()).toBe(0);
        nodes[index] = await start(index);
      }
      await eventually(() => nodes.every(isUsed));
    } finally {
      await load.stop();
    }
    console.info(`${name}: ${load.done.reads} reads and ${load.done.writes} writes, ${load.lost.length} lost`);
    expect(load.lost.slice(0, 10)).toEqual([]);
    expect(load.done.writes).toBeGreaterThan(100);
    const twice = await sql(
      backend.env.DATABASE_URL!,
      `SELECT name FROM products WHERE name LIKE 'Rolled %' GROUP BY name HAVING count(*) > 1`,
    );
    expect(twice).toEqual([]);
  });
});
