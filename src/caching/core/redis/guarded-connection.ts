import { Deadlines } from '../async/deadline';
import { ConsecutiveBreaker } from 'cockatiel';
import { CacheError } from '../../caching.errors';
import type { RedisConnection } from './connection';
import { withoutCommand } from './fault';

/** Commands in a row that may exceed their deadline before a connection is given up. */
const MAX_TIMEOUTS = 5;

/** A socket broke (`down`), the server stopped replying (`broken`), or refused a command for want of a right. */
export type ConnectionFault = 'down' | 'broken' | 'refused';

/**
 * One connection, a deadline on every call, and a circuit breaker. Only silence counts: an error reply, even "out of
 * memory", is a reply. The breaker never closes again: a broken connection is replaced, and a new one is up only after
 * it replied to a PING. (cockatiel's breaker without its policy, whose three promises a call cost as much as the call.)
 */
export class GuardedConnection {
  private readonly breaker = new ConsecutiveBreaker(MAX_TIMEOUTS);
  private readonly deadlines: Deadlines;
  private isSilent = false;

  constructor(
    readonly connection: RedisConnection,
    timeout: number,
    private readonly onFault: (fault: ConnectionFault, cause: unknown) => void,
  ) {
    this.deadlines = new Deadlines(timeout);
  }

  /** @throws CacheError `CACHE_REDIS_UNAVAILABLE`, `CACHE_TIMEOUT`; Redis error replies */
  send<T>(what: string, call: (connection: RedisConnection) => Promise<T>): Promise<T> {
    if (this.isSilent) return Promise.reject(new CacheError('CACHE_REDIS_UNAVAILABLE', 'Redis does not reply'));
    return this.deadlines.within(call(this.connection), what).then(
      (reply) => {
        this.breaker.success();
        return reply;
      },
      (error: unknown) => {
        throw this.judged(withoutCommand(error));
      },
    );
  }

  private judged(error: unknown): unknown {
    if (error instanceof CacheError && error.code === 'CACHE_TIMEOUT') this.timedOut(error);
    else if (isBreak(error)) {
      this.onFault('down', error);
      return new CacheError('CACHE_REDIS_UNAVAILABLE', 'the connection to Redis broke', { cause: error });
    } else this.replied(error);
    return error;
  }

  private replied(error: unknown): void {
    this.breaker.success();
    if (error instanceof Error && isRefusal(error)) this.onFault('refused', error);
  }

  private timedOut(error: CacheError): void {
    if (!this.breaker.failure() || this.isSilent) return;
    this.isSilent = true;
    this.onFault('broken', error);
  }
}

/** Whether an error is the connection's. A reply is not, save READONLY: this server was demoted meanwhile. */
function isBreak(error: unknown): boolean {
  if (error instanceof CacheError) return false;
  return !(error instanceof Error && error.name === 'ReplyError') || error.message.startsWith('READONLY');
}

/** NOPERM; inside a script Redis 7.0 says it in other words. */
function isRefusal({ message }: Error): boolean {
  return message.startsWith('NOPERM') || message.includes("can't run this command");
}
