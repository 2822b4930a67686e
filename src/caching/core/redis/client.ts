import { CacheError } from '../../caching.errors';
import type { CacheEventBus } from '../../caching.events';
import type { RedisArgument, RedisConnection, RedisReply } from './connection';
import { Reconnector } from './reconnector';
import type { RedisTarget } from './redis-target';
import type { RedisScript } from './script';

/** Redis as everything above sees it: takes commands at any time, replies or rejects within the deadline, and reconnects by itself. */
export class RedisClient {
  private readonly reconnector: Reconnector;

  constructor(
    target: RedisTarget,
    /** Milliseconds one command may take. */
    timeout: number,
    events: CacheEventBus,
  ) {
    this.reconnector = new Reconnector(target, timeout, events);
  }

  /** Begins to connect and goes on trying; resolves when the first attempt has ended, however it ended. */
  start(): Promise<void> {
    return this.reconnector.start();
  }

  get isUp(): boolean {
    return this.reconnector.current !== undefined;
  }

  /** Why there is no connection, in a sentence without credentials; undefined: there is one. */
  get fault(): string | undefined {
    return this.reconnector.fault?.message;
  }

  /** The circuit breaker has given a connection up, and none has taken its place yet. */
  get isBroken(): boolean {
    return this.reconnector.isBroken;
  }

  /** What every master says of itself. @param sections of INFO @throws CacheError as `send` */
  async info(...sections: string[]): Promise<string[]> {
    return this.guarded('INFO', async (connection) => {
      const masters = Array.from({ length: connection.masters }, (_, master) => master);
      return Promise.all(masters.map((master) => connection.sendTo(master, ['INFO', ...sections]).then(String)));
    });
  }

  /** Sends one command to the server that owns `key`. @throws CacheError `CACHE_REDIS_UNAVAILABLE`, `CACHE_TIMEOUT`; Redis error replies */
  send<T extends RedisReply = RedisReply>(key: string, args: readonly RedisArgument[]): Promise<T> {
    return this.guarded(String(args[0]), (connection) => connection.send(key, args)) as Promise<T>;
  }

  /** GET, as bytes. @throws as `send` */
  getBytes(key: string): Promise<Buffer | null> {
    return this.guarded('GET', (connection) => connection.getBytes(key));
  }

  /** MGET, as bytes; of a cluster one GET each, in as many packets as it has masters. @throws as `send` */
  getManyBytes(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return this.guarded('MGET', (connection) => connection.getManyBytes(keys));
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

  /** Listens to a channel on this connection and every later one. What is published in between is lost. @param listener must not throw */
  subscribe(channel: string, listener: (message: string) => void): void {
    this.reconnector.subscribe(channel, listener);
  }

  /** Called when a connection is up, its subscriptions made. */
  onUp(listener: () => void): void {
    this.reconnector.onUp(listener);
  }

  /** Ends at once: commands in flight are rejected, nothing is waited for. */
  close(): void {
    this.reconnector.close();
  }

  private guarded<T>(what: string, call: (connection: RedisConnection) => Promise<T>): Promise<T> {
    const { current, isClosed, fault } = this.reconnector;
    if (current) return current.send(what, call);
    const code = isClosed ? 'CACHE_CLOSED' : 'CACHE_REDIS_UNAVAILABLE';
    return Promise.reject(new CacheError(code, 'no connection to Redis', { cause: fault }));
  }
}
