import { connect, type Socket } from 'node:net';
import { eventually } from './eventually';

/** A connection on which a test writes bytes that no client library would write. */
export class RawConnection {
  private text = '';
  private ended = false;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => (this.text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.ended = true));
  }

  static async to(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawConnection(socket);
  }

  /** All that has come back so far. */
  get received(): string {
    return this.text;
  }

  get isClosed(): boolean {
    return this.ended;
  }

  /** Status codes of the responses so far, in order. */
  get statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Resolves when the other side has closed it. */
  async closed(): Promise<this> {
    await eventually(() => this.ended);
    return this;
  }

  /** Resolves when this many responses have begun, or the other side has closed it. */
  async responses(count: number): Promise<this> {
    await eventually(() => this.statuses.length >= count || this.ended);
    return this;
  }

  /** Resolves when the first response is there as a whole: its length is known, or the other side has closed. */
  async body(): Promise<this> {
    await eventually(() => {
      const [head = '', ...rest] = this.text.split('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Infinity);
      return this.ended || (rest.length > 0 && rest.join('\r\n\r\n').length >= length);
    });
    return this;
  }

  close(): void {
    this.socket.destroy();
  }
}
