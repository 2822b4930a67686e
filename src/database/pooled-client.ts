import { Client, type ClientConfig } from 'pg';

/** What pg rejects with when `query_timeout` passes. It has no code. */
const READ_TIMEOUT = 'Query read timeout';
/** SQLSTATE of a write to a server that takes none: a primary that became a standby keeps its connections. */
const READ_ONLY = '25006';

/** All connections that one pool made: it hands the same options to each. */
const families = new WeakMap<object, Set<PooledClient>>();

/**
 * A pool's connection. A fault of the server ends neither the process nor the next caller's query.
 *
 * It always has an `error` listener: pg-pool removes its own when it hands a connection out, and an `error` event without a
 * listener ends the process. A connection whose query got no reply is closed, because the next caller would wait behind that
 * query; so is one whose server takes no writes any more, because a new one may lead to the new primary. Idle connections of the
 * same pool are closed with it, because they took the same path; the pool opens new ones.
 */
export class PooledClient extends Client {
  private running = 0;

  constructor(config: ClientConfig) {
    super(config);
    this.on('error', () => undefined);
    const family = families.get(config) ?? new Set<PooledClient>();
    families.set(config, family.add(this));
    this.once('end', () => family.delete(this));
    const query = this.query.bind(this) as (...args: unknown[]) => unknown;
    this.query = ((...args: unknown[]) => this.watched(query(...args), family)) as Client['query'];
  }

  private watched(result: unknown, family: ReadonlySet<PooledClient>): unknown {
    if (!(result instanceof Promise)) return result;
    this.running += 1;
    result.then(
      () => (this.running -= 1),
      (error: unknown) => {
        this.running -= 1;
        const reason = reasonToClose(error);
        if (!reason) return;
        this.cut(reason);
        for (const sibling of family) if (sibling.isIdle) sibling.cut(reason);
      },
    );
    return result;
  }

  private get isIdle(): boolean {
    return this.running === 0 && this.getTransactionStatus() === 'I';
  }

  /** The driver would report the end some ticks later, and the pool would hand the connection out meanwhile: so it is reported now. */
  private cut(reason: string): void {
    this.connection.stream.destroy();
    this.emit('error', new Error(`Connection terminated: ${reason}`));
  }
}

/** Why a connection whose query failed with `error` is of no use; undefined: it is. */
function reasonToClose(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message === READ_TIMEOUT) return 'it was silent';
  return 'code' in error && error.code === READ_ONLY ? 'its server takes no writes' : undefined;
}
