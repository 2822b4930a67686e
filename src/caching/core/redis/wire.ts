import type { Socket } from 'node:net';
import { Command, Redis, type RedisOptions } from 'iovalkey';
import { withDeadline } from '../async/deadline';
import type { RedisArgument, RedisReply } from './connection';
import type { Credentials, HostPort } from './redis-target';

/** Milliseconds to make one TCP connection, TLS included. */
export const CONNECT_TIMEOUT = 1_000;

/**
 * Never reconnects by itself, never queues while offline, never resends: RedisClient connects again, which is what
 * finds a new master after a failover. No ready check: it needs INFO, which a minimal ACL user may not call.
 */
export const PLAIN = {
  lazyConnect: true,
  connectTimeout: CONNECT_TIMEOUT,
  // Both families: the client's own default finds no host that has an IPv6 address only.
  family: 0,
  enableReadyCheck: false,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
} as const satisfies RedisOptions;

export interface WireOptions {
  readonly tls: boolean;
  readonly credentials?: Credentials;
  readonly database?: number;
}

/** How a reply's text is read: decoded, or as bytes. */
export type ReplyEncoding = 'utf8' | null;

/** One socket to one server. Commands of one turn of the event loop leave in one packet. */
export class Wire {
  private corked?: Socket;
  /** Open, so that an end of the socket is a break. */
  private isUp = false;

  private constructor(private readonly client: Redis) {}

  /**
   * A TCP connection proves little (a stopped server's kernel accepts it too): a wire is open when the reply to PING has arrived.
   * @param onBroken called when the socket fails or closes later
   * @throws CacheError `CACHE_TIMEOUT`; the socket's error; Redis error replies to AUTH, SELECT and PING
   */
  static async open(
    { host, port }: HostPort,
    { tls, credentials, database = 0 }: WireOptions,
    timeout: number,
    onBroken: (cause: unknown) => void,
  ): Promise<Wire> {
    const client = new Redis({
      ...PLAIN,
      host,
      port,
      ...(tls && { tls: {} }),
      enableOfflineQueue: false,
      retryStrategy: () => null,
    });
    const wire = new Wire(client);
    let failure: unknown;
    client.on('error', (error: Error) => (wire.isUp ? onBroken(error) : (failure ??= error)));
    client.on('close', () => wire.isUp && onBroken(new Error('the server closed the connection')));
    try {
      await withDeadline(client.connect(), CONNECT_TIMEOUT + timeout, 'connecting to Redis');
      for (const args of greeting(credentials, database)) await withDeadline(wire.send(args), timeout, args[0]!);
    } catch (error) {
      wire.destroy();
      // The promises reject with "Connection is closed."; why, the event has said.
      throw failure ?? error;
    }
    wire.isUp = true;
    return wire;
  }

  /** Opens the first that can be. @throws what `open` of the last one threw */
  static async openAny(
    hosts: readonly HostPort[],
    options: WireOptions,
    timeout: number,
    onBroken: (cause: unknown) => void,
  ): Promise<Wire> {
    let failure: unknown;
    for (const host of hosts) {
      try {
        return await Wire.open(host, options, timeout, onBroken);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  send(args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.write(commandOf(args, 'utf8'));
  }

  getBytes(key: string): Promise<Buffer | null> {
    return this.write(commandOf(['GET', key], null)) as Promise<Buffer | null>;
  }

  getManyBytes(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return this.write(commandOf(['MGET', ...keys], null)) as Promise<(Buffer | null)[]>;
  }

  async subscribe(channel: string, listener: (message: string) => void): Promise<void> {
    this.client.on('message', (from, message) => from === channel && listener(message));
    await this.client.subscribe(channel);
  }

  /** Closes the socket at once; never waits for the server. */
  destroy(): void {
    this.isUp = false;
    // Of a socket that has closed, the client would wait for the end once more.
    if (this.client.status !== 'end') this.client.disconnect();
    (this.client.stream as Socket | undefined)?.destroy();
  }

  private write(command: Command): Promise<RedisReply> {
    this.cork();
    void this.client.sendCommand(command);
    return command.promise as Promise<RedisReply>;
  }

  private cork(): void {
    if (this.corked) return;
    const { stream } = this.client;
    this.corked = stream;
    stream.cork();
    setImmediate(() => {
      this.corked = undefined;
      stream.uncork();
    });
  }
}

export function commandOf([name, ...args]: readonly RedisArgument[], encoding: ReplyEncoding): Command {
  return new Command(name as string, args, { replyEncoding: encoding });
}

function greeting(credentials: Credentials | undefined, database: number): string[][] {
  const { username, password } = credentials ?? {};
  return [
    ...(password === undefined ? [] : [['AUTH', ...(username === undefined ? [] : [username]), password]]),
    ...(database === 0 ? [] : [['SELECT', String(database)]]),
    ['PING'],
  ];
}
