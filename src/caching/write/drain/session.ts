import { Client, type ClientBase, type ClientConfig, type Pool } from 'pg';
import { CacheError } from '../../caching.errors';
import { withDeadline } from '../../core/async/deadline';

/** Where the drain's statements go. */
export interface OutboxSession {
  /** Writers lend their own connection, because there is no other. */
  readonly borrows: boolean;
  /** Runs `work` on a connection that is in no transaction, before and after. */
  use<T>(work: (client: ClientBase) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** An embedded database is one session that all connections share: the drain takes its turn in the pool. */
export class PooledSession implements OutboxSession {
  readonly borrows = true;

  constructor(private readonly pool: Pool) {}

  async use<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    // While it is out of the pool nobody else listens, and an "error" that nobody hears ends the process. `work` rejects all the same.
    let broken: Error | undefined;
    const onError = (error: Error): void => void (broken = error);
    client.on('error', onError);
    try {
      return await work(client);
    } finally {
      client.off('error', onError);
      client.release(broken ?? client.getTransactionStatus() !== 'I');
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Milliseconds: to get a connection and greet, and for one use of it. */
const DIAL_DEADLINE = 5_000;
const USE_DEADLINE = 2_000;
/** Pauses between attempts to connect, in ms: doubled from the first to the last. */
const FIRST_PAUSE = 50;
const LAST_PAUSE = 1_000;

/**
 * A connection outside the pool. Writers hold theirs while they wait for the drain: had it to come from the same pool,
 * a full pool would wait for itself. It is dialled on demand, dropped whenever its state is in doubt, and dialled again.
 */
export class DedicatedSession implements OutboxSession {
  readonly borrows = false;
  private current?: Promise<Client>;
  private failed: { error: unknown; count: number; retryAt: number } | undefined;
  private closed = false;

  /** @param greet what a new connection has to hear before it is used */
  constructor(
    private readonly config: ClientConfig,
    private readonly greet: (client: Client) => Promise<void>,
  ) {}

  async use<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const client = await this.connection();
    let settled = false;
    const running = work(client).finally(() => (settled = true));
    try {
      return await withDeadline(running, USE_DEADLINE, 'the outbox');
    } catch (error) {
      // A transaction left open, or an answer still under way: whoever came next would be inside it.
      if (!settled || client.getTransactionStatus() !== 'I') this.drop(client);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    const client = await this.current?.catch(() => undefined);
    if (client) this.drop(client);
  }

  private async connection(): Promise<Client> {
    if (this.closed) throw new CacheError('CACHE_CLOSED', 'the outbox session is closed');
    if (this.current) return this.current;
    if (this.failed && Date.now() < this.failed.retryAt) throw this.failed.error;
    this.current = this.dial();
    try {
      const client = await this.current;
      this.failed = undefined;
      return client;
    } catch (error) {
      this.current = undefined;
      const count = (this.failed?.count ?? 0) + 1;
      this.failed = { error, count, retryAt: Date.now() + Math.min(FIRST_PAUSE * 2 ** count, LAST_PAUSE) };
      throw error;
    }
  }

  private async dial(): Promise<Client> {
    const client = new Client({ ...this.config, application_name: 'strata-outbox', keepAlive: true });
    client.on('error', () => this.drop(client));
    client.on('end', () => this.forget(client));
    try {
      await withDeadline(client.connect(), DIAL_DEADLINE, 'connecting for the outbox');
      await withDeadline(this.greet(client), DIAL_DEADLINE, 'greeting for the outbox');
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
    void this.current?.then(
      (current) => current === client && (this.current = undefined),
      () => undefined,
    );
  }
}
