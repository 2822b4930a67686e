import { postgresAndRedis, type Backend } from './backends';
import { type Answer, type RequestOptions, send, tokenFor } from './client';
import { effort } from './effort';
import { eventually } from './eventually';
import { ask, type RawAnswer, type RawRequest } from './http';
import type { Need } from './needs';
import { Nginx } from './nginx';
import { allPurged } from './purges';
import { freePort } from './redis-server';
import { sql } from './sql';
import { startStrata, type StrataProcess } from './strata-process';
import { TcpProxy } from './tcp-proxy';
import { Varnish } from './varnish';

export type EdgeName = 'nginx' | 'varnish';

/** Each of them in `npm run test:slow`, one in `npm test`. */
export function edges(usual: EdgeName): EdgeName[] {
  return effort([usual], ['nginx', 'varnish']);
}

/** How long after its acknowledgement a write may be unseen at the edge, in ms, as docker/README.md says. */
export const BOUND = 1_000;

export function needsOf(name: EdgeName): Need[] {
  return ['postgres', 'redis-server', name];
}

const EDITOR = tokenFor('editor', 'editor');

/** For claims about the edge alone: behind both of its backends there is one node. */
export const ONE_NODE: NodeEnv[] = [{}];

type NodeEnv = Record<string, string>;

/** Nodes on one PostgreSQL and one Redis, and a real edge in front of them. */
export class EdgeSite {
  readonly nodes: StrataProcess[] = [];
  /** Between the edge and each of its two backends. */
  readonly lines: TcpProxy[] = [];
  private raised?: Nginx | Varnish;

  private constructor(
    readonly name: EdgeName,
    private readonly backend: Backend,
    private readonly port: number,
  ) {}

  /** @param nodeEnvs one for each node, beside `env` */
  static async open(name: EdgeName, env: NodeEnv = {}, nodeEnvs: NodeEnv[] = [{}, {}]): Promise<EdgeSite> {
    const port = await freePort();
    const backend = await postgresAndRedis(300);
    const edges: NodeEnv = name === 'varnish' ? { EDGE_PURGE: name, EDGE_PURGE_URL: `http://127.0.0.1:${port}` } : {};
    const site = new EdgeSite(name, backend, port);
    try {
      for (const nodeEnv of nodeEnvs) {
        site.nodes.push(await startStrata({ ...backend.env, ...edges, ...env, ...nodeEnv }));
      }
      for (const { url } of [site.nodes[0]!, site.nodes.at(-1)!]) {
        site.lines.push(await TcpProxy.to(Number(new URL(url).port)));
      }
      await site.raiseEdge();
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  get edge(): Nginx | Varnish {
    if (!this.raised) throw new Error('There is no edge yet');
    return this.raised;
  }

  get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<RawAnswer> {
    return this.ask(path, { method, headers });
  }

  /** As it came, byte for byte. */
  ask(path: string, request: RawRequest = {}): Promise<RawAnswer> {
    return ask(this.edge.url, path, request);
  }

  /** A write at one of the nodes, past the edge. */
  async write(path: string, json: unknown, { method = 'PATCH', node = 0 } = {}): Promise<Answer> {
    return this.send(this.nodes[node]!.url, path, { method, json });
  }

  async send(base: string, path: string, options: RequestOptions): Promise<Answer> {
    const answer = await send(base, path, { token: EDITOR, ...options });
    if (answer.status >= 400) throw new Error(`${options.method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** Asks until the edge answers from what it keeps. */
  async warm(path: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
    return eventually(async () => {
      const answer = await this.get(path, headers);
      if (!isHit(answer)) throw new Error(String(answer.headers['cache-status']));
      return answer;
    });
  }

  /** Asks until the answer is such. @returns milliseconds that took */
  async until(path: string, is: (answer: RawAnswer) => boolean): Promise<number> {
    const start = performance.now();
    await eventually(async () => is(await this.get(path)));
    return performance.now() - start;
  }

  /** Until no purge is under way, nor its echo: what is on its way through Varnish meanwhile is not kept. */
  async quiet(): Promise<void> {
    await allPurged(this.backend.env.DATABASE_URL!);
  }

  sql<T extends Record<string, unknown>>(text: string): Promise<T[]> {
    return sql<T>(this.backend.env.DATABASE_URL!, text);
  }

  private async raiseEdge(): Promise<void> {
    const { name, port } = this;
    const ports = this.lines.map((line) => line.port);
    this.raised = name === 'varnish' ? await Varnish.start(ports, port) : await Nginx.start(ports, port);
  }

  async close(): Promise<void> {
    await this.raised?.stop();
    await Promise.all(this.lines.map((line) => line.close()));
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.backend.dispose();
  }
}

/** The edge answered without asking a node. */
export function isHit({ headers }: RawAnswer): boolean {
  return /(^|, )(nginx|varnish); hit\b/.test(String(headers['cache-status']));
}

export function json<T>({ body }: RawAnswer): T {
  return JSON.parse(body.toString()) as T;
}
