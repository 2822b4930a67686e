import { once } from 'node:events';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { fatal, FrontendMessages, ProtocolError } from './frontend-messages';
import { type Engine, Session } from './session';

/** Open connections. The service has one or two; the others are for `psql`. */
const MAX_CONNECTIONS = 32;
/** From the first byte of a connection to the end of its startup message, in ms. PostgreSQL: authentication_timeout. */
const STARTUP_TIMEOUT = 10_000;
/** Flush, Query and Sync: what the client waits for a response to. */
const ENDS_BATCH = new Set(['H', 'Q', 'S']);

/** PostgreSQL's protocol on a socket, for PGlite. A connection that breaks the protocol is closed, and no other notices. */
export class WireServer {
  private readonly sockets = new Set<Socket>();
  private readonly session: Session;
  private readonly server: Server;

  private constructor(db: Engine) {
    this.session = new Session(db);
    this.server = createServer((socket) => this.accept(socket));
    this.server.maxConnections = MAX_CONNECTIONS;
  }

  static async listen(db: Engine, where: ListenOptions): Promise<WireServer> {
    const wire = new WireServer(db);
    wire.server.listen(where);
    await once(wire.server, 'listening');
    return wire;
  }

  /** The path of the socket, or host and port. */
  get address(): string {
    const address = this.server.address();
    return typeof address === 'string' ? address : `${address?.address}:${address?.port}`;
  }

  /** Closes all connections. Resolves when PGlite has no work left. */
  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
    await this.session.end();
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    new Connection(socket, this.session);
    socket.once('close', () => this.sockets.delete(socket));
  }
}

/** One client: reads its messages in order, and runs each batch of them before the next. */
class Connection {
  private readonly messages = new FrontendMessages();
  private batch: Buffer[] = [];
  private hasStarted = false;
  private work = Promise.resolve();

  constructor(
    private readonly socket: Socket,
    private readonly session: Session,
  ) {
    socket.setNoDelay(true).setTimeout(STARTUP_TIMEOUT, () => socket.destroy());
    // A client that hangs up is no fault of the database.
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      this.messages.push(bytes);
      this.work = this.work.then(() => this.read());
    });
    socket.once('close', () => session.leave(this));
  }

  /** Never rejects. */
  private async read(): Promise<void> {
    try {
      while (!this.socket.destroyed && (await (this.hasStarted ? this.continue() : this.start())));
    } catch (error) {
      this.socket.end(fatal(error instanceof ProtocolError ? error.message : 'the embedded database failed'));
      this.socket.destroySoon();
    }
  }

  /** @returns whether there may be another whole message */
  private async start(): Promise<boolean> {
    const first = this.messages.first();
    if (!first) return false;
    switch (first.kind) {
      case 'encryption':
        // Not here: the client goes on in plain, or gives up.
        return this.socket.write('N');
      case 'cancel':
        // There is no second process to stop.
        this.socket.destroy();
        return false;
      case 'startup':
        this.hasStarted = true;
        this.socket.setTimeout(0);
        await this.run(first.bytes, true);
        return true;
      default:
        return first satisfies never;
    }
  }

  private async continue(): Promise<boolean> {
    const message = this.messages.next();
    if (!message) return false;
    if (message.type === 'X') {
      this.socket.end();
      return false;
    }
    this.batch.push(message.bytes);
    if (ENDS_BATCH.has(message.type)) await this.run(Buffer.concat(this.batch.splice(0)), message.type !== 'H');
    return true;
  }

  private run(bytes: Buffer, isWhole: boolean): Promise<void> {
    return this.session.execute(this, { bytes, isWhole }, (reply) => {
      if (this.socket.writable) this.socket.write(Buffer.from(reply));
    });
  }
}
