import { text } from 'node:stream/consumers';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type FakeServer, startFakeServer } from './fake-server';

/** A purge as it came. */
export interface SeenPurge {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

/** What an edge does with a purge; undefined: nothing, it hangs. */
export type Reply = { status: number; headers?: Record<string, string>; body?: unknown } | undefined;

/** A local server in the place of an edge's purge API, which remembers what it was asked. */
export class FakeEdge {
  readonly seen: SeenPurge[] = [];
  private reply: (purge: SeenPurge, call: number) => Reply | Promise<Reply> = () => ({ status: 200 });

  private constructor(private readonly server: FakeServer) {
    server.behave((request, response) => void this.answer(request, response));
  }

  static async start(): Promise<FakeEdge> {
    return new FakeEdge(await startFakeServer());
  }

  get url(): string {
    return this.server.url;
  }

  behave(reply: (purge: SeenPurge, call: number) => Reply | Promise<Reply>): void {
    this.seen.length = 0;
    this.reply = reply;
  }

  /** Tags of all purges by xkey, each as a set. */
  xkeys(): Set<string>[] {
    return this.seen.map(({ headers }) => new Set(String(headers['xkey-purge']).split(' ')));
  }

  /** How often a tag was purged by xkey. */
  timesPurged(tag: string): number {
    return this.xkeys().filter((tags) => tags.has(tag)).length;
  }

  close(): Promise<void> {
    return this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const purge = { method, path, headers, body: await text(request), at: performance.now() };
    this.seen.push(purge);
    const reply = await this.reply(purge, this.seen.length);
    if (reply) response.writeHead(reply.status, reply.headers).end(JSON.stringify(reply.body ?? {}));
  }
}
