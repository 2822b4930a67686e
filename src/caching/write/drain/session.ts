import type { ClientBase, Pool } from 'pg';

/** Where the drain's statements go. */
export interface OutboxSession {
  /** Writers lend their own connection, because there is no other. */
  readonly borrows: boolean;
  /** Runs `work` on a connection that is in no transaction, before and after. */
  use<T>(work: (client: ClientBase) => Promise<T>): Promise<T>;
  close(): Promise<void>;
  /** The next use is on a new connection, where it has one of its own. */
  reset(): void;
}

/** An embedded database is one session that all connections share: the drain takes its turn in the pool. */
export class PooledSession implements OutboxSession {
  readonly borrows = true;

  /** @param pool the DataSource's pool of the moment: another one after it was closed and initialised again */
  constructor(private readonly pool: () => Pool) {}

  async use<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const client = await this.pool().connect();
    // A client outside the pool has no other listener, and an "error" event without one ends the process. `work` rejects as well.
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

  reset(): void {}
}
