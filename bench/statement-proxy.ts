import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

const SIMPLE_QUERY = 'Q'.charCodeAt(0);
const PARSE = 'P'.charCodeAt(0);
const BIND = 'B'.charCodeAt(0);

/** Stands between a service and PostgreSQL and reads along, so that every statement on the wire is counted, whichever part sent it. */
export class StatementProxy {
  /** The text of every statement that was run, in order; a prepared one each time. */
  readonly statements: string[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async to(databaseUrl: string): Promise<StatementProxy> {
    const server = createServer();
    const proxy = new StatementProxy(server, new URL(databaseUrl));
    server.on('connection', (socket) => proxy.relay(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The database's URL, through here. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return url.href;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private relay(client: Socket): void {
    const database = connect(Number(this.target.port || 5432), this.target.hostname);
    const reader = new MessageReader((text) => this.statements.push(text));
    client.on('data', (chunk) => reader.read(chunk));
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        this.sockets.delete(from);
      });
    }
  }
}

/**
 * PostgreSQL's protocol from the client's side: a first message of length and content, then messages of type, length and content.
 * A statement's text comes in Query, or in Parse behind a name, which each Bind names again.
 */
class MessageReader {
  private readonly prepared = new Map<string, string>();
  private pending = Buffer.alloc(0);
  private started = false;

  constructor(private readonly onStatement: (text: string) => void) {}

  read(chunk: Buffer): void {
    this.pending = Buffer.concat([this.pending, chunk]);
    for (;;) {
      const typeBytes = this.started ? 1 : 0;
      if (this.pending.length < typeBytes + 4) return;
      const end = typeBytes + this.pending.readInt32BE(typeBytes);
      if (this.pending.length < end) return;
      if (this.started) this.take(this.pending[0]!, this.pending.subarray(5, end));
      this.started = true;
      this.pending = this.pending.subarray(end);
    }
  }

  private take(type: number, content: Buffer): void {
    if (type !== SIMPLE_QUERY && type !== PARSE && type !== BIND) return;
    const [first = '', second = ''] = content.toString().split('\0', 2);
    if (type === SIMPLE_QUERY) this.onStatement(first);
    if (type === PARSE) this.prepared.set(first, second);
    if (type === BIND) this.onStatement(this.prepared.get(second) ?? '');
  }
}
