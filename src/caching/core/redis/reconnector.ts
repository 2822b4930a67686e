import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { CacheError } from '../../caching.errors';
import type { CacheEventBus } from '../../caching.events';
import { withDeadline } from '../async/deadline';
import { connect } from './connect';
import type { RedisConnection } from './connection';
import { explained } from './fault';
import { type ConnectionFault, GuardedConnection } from './guarded-connection';
import type { RedisTarget } from './redis-target';

/** Longest wait between two attempts to connect, and shortest life of a connection that is replaced at once, in ms. */
const MAX_DELAY = 500;
const BACKOFF = new ExponentialBackoff({ initialDelay: 50, maxDelay: MAX_DELAY });

/**
 * Keeps one connection to Redis. When one of its sockets breaks, or calls get no reply, a new connection
 * replaces it as a whole: sentinels are queried again, a cluster is discovered again.
 */
export class Reconnector {
  /** Undefined: none, and why not is in `fault`. */
  current?: GuardedConnection;
  fault?: CacheError;
  /** The circuit breaker has given a connection up, and none has taken its place yet. */
  isBroken = false;
  isClosed = false;
  private readonly retired = new Set<RedisConnection>();
  private isConnecting = false;
  private connectedAt = -Infinity;
  private retry?: NodeJS.Timeout;
  private readonly upListeners: (() => void)[] = [];
  private readonly channels = new Map<string, (message: string) => void>();

  constructor(
    private readonly target: RedisTarget,
    private readonly timeout: number,
    private readonly events: CacheEventBus,
  ) {}

  /** Begins to connect and goes on trying; resolves when the first attempt has ended, however it ended. */
  start(): Promise<void> {
    return this.attempt(BACKOFF.next());
  }

  subscribe(channel: string, listener: (message: string) => void): void {
    this.channels.set(channel, listener);
  }

  onUp(listener: () => void): void {
    this.upListeners.push(listener);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.retry);
    this.current?.connection.destroy();
    this.current = undefined;
    for (const connection of this.retired) connection.destroy();
    this.retired.clear();
  }

  private attemptIn(ms: number, backoff: IBackoff<unknown>): void {
    if (!this.isClosed) this.retry ??= setTimeout(() => void this.attempt(backoff), ms).unref();
  }

  private async attempt(backoff: IBackoff<unknown>): Promise<void> {
    this.retry = undefined;
    this.isConnecting = true;
    try {
      await this.connect();
    } catch (cause) {
      this.down(cause);
      this.attemptIn(backoff.duration, backoff.next(undefined));
    } finally {
      this.isConnecting = false;
    }
  }

  private async connect(): Promise<void> {
    let early: { cause: unknown } | undefined;
    let onFault = (_fault: ConnectionFault, cause: unknown): void => void (early ??= { cause });
    const connection = await connect(this.target, this.timeout, (cause) => onFault('down', cause));
    const guarded = new GuardedConnection(connection, this.timeout, (fault, cause) => onFault(fault, cause));
    try {
      for (const [channel, listener] of this.channels) {
        await withDeadline(connection.subscribe(channel, listener), this.timeout, 'SUBSCRIBE');
      }
      if (this.isClosed) throw new CacheError('CACHE_CLOSED', 'closed while connecting');
      if (early) throw early.cause;
    } catch (error) {
      connection.destroy();
      throw error;
    }
    onFault = (fault, cause) => this.broken(guarded, fault, cause);
    this.replaceBy(guarded);
  }

  private replaceBy(guarded: GuardedConnection): void {
    this.retire(this.current?.connection);
    this.current = guarded;
    this.fault = undefined;
    this.isBroken = false;
    this.connectedAt = performance.now();
    this.events.emit('redis', 'up');
    for (const listener of this.upListeners) listener();
  }

  /**
   * Connects again. The broken connection is kept until then: it may be only the subscription that broke, or one node
   * of a cluster. And as a dead node would break every new connection at once, attempts are spaced out.
   */
  private broken(guarded: GuardedConnection, fault: ConnectionFault, cause: unknown): void {
    if (fault === 'refused') return this.events.emit('redis', fault, explained(cause));
    if (guarded !== this.current || this.retry || this.isConnecting) return;
    this.isBroken ||= fault === 'broken';
    this.events.emit('redis', fault, explained(cause));
    const hasLasted = performance.now() - this.connectedAt > MAX_DELAY;
    this.attemptIn(hasLasted ? 0 : MAX_DELAY, BACKOFF.next());
  }

  /** Commands that were sent on a replaced connection may still get their replies, within the deadline. */
  private retire(connection: RedisConnection | undefined): void {
    if (!connection) return;
    this.retired.add(connection);
    setTimeout(() => this.retired.delete(connection) && connection.destroy(), this.timeout).unref();
  }

  /** Emitted once an outage: also when there has never been a connection, or a wrong password would go unnoticed. */
  private down(cause: unknown): void {
    const isNews = this.fault === undefined;
    this.fault = explained(cause);
    if (!isNews || this.isClosed) return;
    this.retire(this.current?.connection);
    this.current = undefined;
    this.events.emit('redis', 'down', this.fault);
  }
}
