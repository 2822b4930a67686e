import { CacheError } from '../../caching.errors';
import type { CacheEventBus } from '../../caching.events';
import { withDeadline } from '../async/deadline';
import { GuardedConnection, type ConnectionFault } from './guarded-connection';
import type { RedisScript } from './script';
import { connect } from './connect';
import type { RedisConnection, RedisReply, RedisTarget } from './redis-target';

/** Milliseconds between two attempts to connect: doubles from the first to the second. */
const RETRY = { first: 50, most: 500 } as const;

/**
 * Redis as everything above sees it: always there to be asked, answers or rejects within the deadline, mends itself.
 * When any socket breaks, or calls go unanswered, a whole new connection is dialled and takes the old one's place.
 */
export class RedisClient {
  private line?: GuardedConnection;
  private closed = false;
  private isDown = false;
  private gaveUp = false;
  private readonly retired = new Set<RedisConnection>();
  private dialling = false;
  private dialledAt = -Infinity;
  private retry?: NodeJS.Timeout;
  private readonly upListeners: (() => void)[] = [];
  private readonly channels = new Map<string, (message: string) => void>();

  constructor(
    private readonly target: RedisTarget,
    /** Milliseconds one command may take. */
    private readonly timeout: number,
    private readonly events: CacheEventBus,
  ) {}

  /** Begins to connect and goes on trying; resolves when the first attempt has ended, however it ended. */
  start(): Promise<void> {
    return this.redial(RETRY.first);
  }

  get isUp(): boolean {
    return this.line !== undefined;
  }

  /** The circuit breaker has given a connection up, and none has taken its place yet. */
  get isBroken(): boolean {
    return this.gaveUp;
  }

  /** What every master says of itself. @param sections of INFO @throws CacheError as `send` */
  async info(...sections: string[]): Promise<string[]> {
    return this.guarded('INFO', async (connection) => {
      const masters = Array.from({ length: connection.masters }, (_, master) => master);
      return Promise.all(masters.map((master) => connection.sendTo(master, ['INFO', ...sections]).then(String)));
    });
  }

  /** Sends one command to the server that owns `key`. @throws CacheError `CACHE_REDIS_UNAVAILABLE`, `CACHE_TIMEOUT`; Redis error replies */
  send<T extends RedisReply = RedisReply>(key: string, args: string[]): Promise<T> {
    return this.guarded(args[0]!, (connection) => connection.send(key, args)) as Promise<T>;
  }

  /** Runs a script on one key by its SHA; a server that does not know it (NOSCRIPT) gets the source. */
  async script(script: RedisScript, key: string, args: string[]): Promise<RedisReply> {
    return (await this.evalKnown(script, key, args)) ?? this.evalSource(script, key, args);
  }

  /** Runs a script by its SHA. Undefined: this server process has never run it (NOSCRIPT). */
  async evalKnown(script: RedisScript, key: string, args: string[]): Promise<RedisReply | undefined> {
    try {
      return await this.send(key, ['EVALSHA', script.sha, '1', key, ...args]);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return undefined;
      throw error;
    }
  }

  evalSource(script: RedisScript, key: string, args: string[]): Promise<RedisReply> {
    return this.send(key, ['EVAL', script.source, '1', key, ...args]);
  }

  /** One step of SCAN on one master after the other: begin with '0:0', go on with `next` until it is undefined. */
  async scan(pattern: string, cursor: string, count: number): Promise<{ keys: string[]; next?: string }> {
    const [master = '0', position = '0'] = cursor.split(':');
    const reply = await this.guarded('SCAN', async (connection) => {
      // A cluster that has shrunk since the last page: its keys have moved to masters that were seen.
      if (Number(master) >= connection.masters) return { keys: [], next: '0', masters: connection.masters };
      const args = ['SCAN', position, 'MATCH', pattern, 'COUNT', String(count)];
      const [next, keys] = (await connection.sendTo(Number(master), args)) as [string, string[]];
      return { keys, next, masters: connection.masters };
    });
    if (reply.next !== '0') return { keys: reply.keys, next: `${master}:${reply.next}` };
    const following = Number(master) + 1;
    return { keys: reply.keys, next: following < reply.masters ? `${following}:0` : undefined };
  }

  /** Listens to a channel on this connection and every later one. What is published in between is lost. */
  subscribe(channel: string, listener: (message: string) => void): void {
    this.channels.set(channel, listener);
  }

  /** Called when a connection is up, its subscriptions made. */
  onUp(listener: () => void): void {
    this.upListeners.push(listener);
  }

  /** Ends at once: commands in flight are rejected, nothing is waited for. */
  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.line?.connection.destroy();
    this.line = undefined;
    for (const connection of this.retired) connection.destroy();
    this.retired.clear();
  }

  private guarded<T>(what: string, call: (connection: RedisConnection) => Promise<T>): Promise<T> {
    if (this.line) return this.line.send(what, call);
    return Promise.reject(
      new CacheError(this.closed ? 'CACHE_CLOSED' : 'CACHE_REDIS_UNAVAILABLE', 'no connection to Redis'),
    );
  }

  private redialIn(ms: number, wait: number = RETRY.first): void {
    if (!this.closed) this.retry ??= setTimeout(() => void this.redial(wait), ms).unref();
  }

  private async redial(wait: number): Promise<void> {
    this.retry = undefined;
    this.dialling = true;
    this.dialledAt = performance.now();
    try {
      await this.connect();
    } catch (cause) {
      this.down(cause);
      this.redialIn(wait, Math.min(wait * 2, RETRY.most));
    } finally {
      this.dialling = false;
    }
  }

  private async connect(): Promise<void> {
    const made: { line?: GuardedConnection } = {};
    const connection = await connect(this.target, this.timeout, (cause) => this.broken(made.line, 'down', cause));
    const line = new GuardedConnection(connection, this.timeout, (trouble, cause) => this.broken(line, trouble, cause));
    made.line = line;
    try {
      for (const [channel, listener] of this.channels) {
        await withDeadline(connection.subscribe(channel, listener), this.timeout, 'SUBSCRIBE');
      }
      if (this.closed) throw new CacheError('CACHE_CLOSED', 'closed while connecting');
    } catch (error) {
      connection.destroy();
      throw error;
    }
    this.retire(this.line?.connection);
    this.line = line;
    this.isDown = this.gaveUp = false;
    this.events.emit('redis', 'up');
    for (const listener of this.upListeners) listener();
  }

  /**
   * Dials anew. The old line is kept until then: it may be only the subscription that broke, or one node of a
   * cluster. And as a dead node would break every new line at once, dialling is spaced out.
   */
  private broken(line: GuardedConnection | undefined, trouble: ConnectionFault, cause: unknown): void {
    if (line === undefined || line !== this.line || this.retry || this.dialling) return;
    this.gaveUp ||= trouble === 'broken';
    this.events.emit('redis', trouble, cause);
    const rested = performance.now() - this.dialledAt > RETRY.most;
    this.redialIn(rested ? 0 : RETRY.most);
  }

  /** What was sent on a replaced line may still be answered, within the deadline it has. */
  private retire(connection: RedisConnection | undefined): void {
    if (!connection) return;
    this.retired.add(connection);
    setTimeout(() => this.retired.delete(connection) && connection.destroy(), this.timeout).unref();
  }

  private down(cause: unknown): void {
    // Told once: also when there has never been a connection, or nobody would hear of a wrong password.
    if (this.isDown || this.closed) return;
    this.isDown = true;
    this.retire(this.line?.connection);
    this.line = undefined;
    this.events.emit('redis', 'down', cause);
  }
}
