import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { SlowPipe } from './slow-pipe';

/** A TCP relay that can become a black hole (bytes vanish, sockets stay open) or cut its connections. */
export class TcpProxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private swallowing = false;
  private silent = new WeakSet<object>();
  private readonly vanished = new WeakSet<object>();
  private refusing = false;
  private rate = 0;
  private readonly pipes = new Set<SlowPipe>();
  private lag = 0;
  private isLate: (bytes: Buffer) => boolean = () => false;
  private isHeld: (bytes: Buffer) => boolean = () => false;
  private readonly held: (() => void)[] = [];
  private onRequest: (pass: () => void) => void = (pass) => pass();

  private constructor(
    private readonly server: Server,
    private targetPort: number,
  ) {}

  static async to(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, targetPort);
    server.on('connection', (socket) => proxy.relay(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** From now on nothing passes, in either direction, and nobody is told. */
  partition(): void {
    this.swallowing = true;
  }

  /** Connections of now become half-open: nothing passes them any more, and no side is told. New ones work. */
  silence(): void {
    for (const pair of this.pairs) this.silent.add(pair);
  }

  /** The clients of now lose power: nothing passes, and the target does not learn that they close their connections. */
  vanish(): void {
    this.silence();
    for (const pair of this.pairs) this.vanished.add(pair);
  }

  /** Each connection passes at most so many bytes a second in each direction. @param rate 0: as many as come */
  throttle(rate: number): void {
    this.rate = rate;
  }

  /** Bytes that were sent by one side and have not reached the other. */
  get queued(): number {
    return [...this.pipes].reduce((sum, { queued }) => sum + queued, 0);
  }

  /** Breaks every connection and takes no new one, as if nobody listened. */
  refuse(): void {
    this.refusing = true;
    this.cut();
  }

  /** Lets bytes pass again; what was swallowed is lost, so connections of before are cut. */
  heal(): void {
    this.swallowing = false;
    this.refusing = false;
    this.cut();
  }

  /** Leads to another server from now on, as after a failover. */
  retarget(port: number): void {
    this.targetPort = port;
    this.cut();
  }

  /** Answers of the target for which `isLate` says so arrive `lag` ms late. What comes after them on the same line may overtake them. */
  delay(lag: number, isLate: (bytes: Buffer) => boolean): void {
    this.lag = lag;
    this.isLate = isLate;
  }

  /** Responses of the target for which `isHeld` holds wait here until `release`. */
  hold(isHeld: (bytes: Buffer) => boolean): void {
    this.isHeld = isHeld;
  }

  /** How many chunks wait. */
  get waiting(): number {
    return this.held.length;
  }

  /** Sends what waits, and holds nothing more. */
  release(): void {
    this.isHeld = () => false;
    for (const send of this.held.splice(0)) send();
  }

  /** @param onRequest gets each chunk that a client sends: `pass` gives it to the target */
  intercept(onRequest: (pass: () => void) => void): void {
    this.onRequest = onRequest;
  }

  cut(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private relay(client: Socket): void {
    if (this.refusing) return void client.destroy();
    const target = connect(this.targetPort, '127.0.0.1');
    const pair = [client, target] as const;
    this.pairs.add(pair);
    for (const [from, to] of [pair, [target, client] as const]) {
      const pipe = new SlowPipe(to, () => this.rate);
      this.pipes.add(pipe);
      from.on('data', (chunk: Buffer) => {
        if (this.swallowing || this.silent.has(pair)) return;
        if (from === target && this.isHeld(chunk)) this.held.push(() => to.write(chunk));
        else if (from === target && this.isLate(chunk)) setTimeout(() => to.write(chunk), this.lag);
        else if (this.rate > 0 || pipe.queued > 0) pipe.write(chunk);
        else if (from === client) this.onRequest(() => to.write(chunk));
        else to.write(chunk);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        if (from === client && this.vanished.has(pair)) return;
        to.destroy();
        this.pairs.delete(pair);
        this.pipes.delete(pipe);
      });
    }
  }
}
