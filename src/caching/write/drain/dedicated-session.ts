import { Client, type ClientBase, type ClientConfig } from 'pg';
import { CacheError } from '../../caching.errors';
import { delayAfter } from '../../core/async/backoff';
import { withDeadline } from '../../core/async/deadline';
import { StuckError } from './batches';
import type { OutboxSession } from './session';

/** Milliseconds: to get a connection, to make it ready, and for one use of it. */
const CONNECT_DEADLINE = 2_000;
const INITIALISE_DEADLINE = 35_000;
const USE_DEADLINE = 2_000;
/** Pauses between attempts to connect, in ms: doubled from the first to the last. */
const BACKOFF = { initialDelay: 100, maxDelay: 1_000 };
/** A lock or a statement took too long: the next attempt may do better on the same session. */
const PASSING: readonly unknown[] = ['55P03', '57014', '40P01', '40001'];

/** Where a session leads. */
export interface SessionTarget {
  /** Compared by identity: a session whose origin is another one than now is not used any more. */
  readonly origin: object;
  readonly config: ClientConfig;
}

/**
 * A connection outside the pool. Writers hold their connections while they wait for the drain: if the drain used the same
 * pool, a full pool would wait for itself. The connection is opened on demand. It is closed and opened again when its state
 * is unknown or when it cannot drain (read-only, rights revoked, a statement lost).
 */
export class DedicatedSession implements OutboxSession {
  readonly borrows = false;
  private current?: { readonly origin: object; readonly client: Promise<Client> };
  private failed: { error: unknown; count: number; retryAt: number } | undefined;
  private closed = false;

  /**
   * @param target where to connect to @throws when there is nothing to connect to now
   * @param initialise makes a new connection ready
   */
  constructor(
    private readonly target: () => SessionTarget,
    private readonly initialise: (client: Client, config: ClientConfig) => Promise<void>,
  ) {}

  async use<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const client = await this.connection();
    let settled = false;
    const running = work(client).finally(() => (settled = true));
    try {
      return await withDeadline(running, USE_DEADLINE, 'the outbox');
    } catch (error) {
      // A transaction left open, or a response still under way: the next use would be inside it.
      const isClean = settled && client.getTransactionStatus() === 'I';
      if (!isClean || !mayPass(error)) this.drop(client);
      throw error;
    }
  }

  /** The next use dials again. */
  reset(): void {
    const { current } = this;
    this.current = undefined;
    void current?.client.then((client) => this.drop(client)).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.closed = true;
    const client = await this.current?.client.catch(() => undefined);
    if (client) this.drop(client);
  }

  private async connection(): Promise<Client> {
    if (this.closed) throw new CacheError('CACHE_CLOSED', 'the outbox session is closed');
    const target = this.target();
    if (this.current?.origin === target.origin) return this.current.client;
    if (this.current) this.reset();
    if (this.failed && performance.now() < this.failed.retryAt) throw this.failed.error;
    const dialled = { origin: target.origin, client: this.dial(target.config) };
    this.current = dialled;
    try {
      const client = await dialled.client;
      this.failed = undefined;
      return client;
    } catch (error) {
      if (this.current === dialled) this.current = undefined;
      const count = (this.failed?.count ?? 0) + 1;
      const pause = delayAfter(BACKOFF, count);
      this.failed = { error, count, retryAt: performance.now() + pause };
      throw error;
    }
  }

  private async dial(config: ClientConfig): Promise<Client> {
    const client = new Client(config);
    client.on('error', () => this.drop(client));
    client.on('end', () => this.forget(client));
    try {
      await withDeadline(client.connect(), CONNECT_DEADLINE, 'connecting for the outbox');
      await withDeadline(this.initialise(client, config), INITIALISE_DEADLINE, 'preparing the session of the outbox');
      return client;
    } catch (error) {
      this.drop(client);
      throw error;
    }
  }

  private drop(client: Client): void {
    this.forget(client);
    void client.end().catch(() => undefined);
  }

  private forget(client: Client): void {
    const { current } = this;
    void current?.client.then(
      (used) => {
        if (used === client && this.current === current) this.current = undefined;
      },
      () => undefined,
    );
  }
}

/** Whether the session may be used again after `error`. What the clock did not acknowledge is not the session's fault. */
function mayPass(error: unknown): boolean {
  if (error instanceof StuckError) return true;
  return PASSING.includes((error as { code?: unknown } | undefined)?.code);
}
