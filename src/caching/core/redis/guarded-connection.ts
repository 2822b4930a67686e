import {
  ClientClosedError,
  ClientOfflineError,
  DisconnectsClientError,
  ErrorReply,
  RootNodesUnavailableError,
  SocketClosedUnexpectedlyError,
} from '@redis/client';
import { ConsecutiveBreaker } from 'cockatiel';
import { CacheError } from '../../caching.errors';
import { Deadlines } from './deadlines';
import type { RedisConnection } from './redis-target';

/** Commands in a row that may go unanswered before a connection is given up. */
const UNANSWERED = 5;

/** What became of a line: a socket of it broke, or its server fell silent. */
export type ConnectionFault = 'down' | 'broken';

/**
 * One connection, a deadline on every call, and a circuit breaker. Only silence counts: an error reply, even "out of
 * memory", is an answer. It never closes again: a line that broke is replaced, and a new one is up only after it
 * answered a PING. (cockatiel's breaker without its policy, whose three promises a call cost as much as the call.)
 */
export class GuardedConnection {
  private readonly breaker = new ConsecutiveBreaker(UNANSWERED);
  private readonly deadlines: Deadlines;
  private isSilent = false;

  constructor(
    readonly connection: RedisConnection,
    timeout: number,
    private readonly onTrouble: (trouble: ConnectionFault, cause: unknown) => void,
  ) {
    this.deadlines = new Deadlines(timeout);
  }

  /** @throws CacheError `CACHE_REDIS_UNAVAILABLE`, `CACHE_TIMEOUT`; Redis error replies */
  send<T>(what: string, call: (connection: RedisConnection) => Promise<T>): Promise<T> {
    if (this.isSilent) return Promise.reject(new CacheError('CACHE_REDIS_UNAVAILABLE', 'Redis has fallen silent'));
    return this.deadlines.within(call(this.connection), what).then(
      (reply) => {
        this.breaker.success();
        return reply;
      },
      (error: unknown) => {
        throw this.judged(error);
      },
    );
  }

  private judged(error: unknown): unknown {
    if (error instanceof CacheError && error.code === 'CACHE_TIMEOUT') this.unanswered(error);
    else if (isBreak(error)) {
      this.onTrouble('down', error);
      return new CacheError('CACHE_REDIS_UNAVAILABLE', 'the connection to Redis broke', { cause: error });
    } else this.breaker.success();
    return error;
  }

  private unanswered(error: CacheError): void {
    if (!this.breaker.failure() || this.isSilent) return;
    this.isSilent = true;
    this.onTrouble('broken', error);
  }
}

const BREAKS = [
  ClientClosedError,
  ClientOfflineError,
  DisconnectsClientError,
  RootNodesUnavailableError,
  SocketClosedUnexpectedlyError,
];

/**
 * Whether an error speaks of the connection. A reply does not, save READONLY: this server was demoted under us. Nor
 * does what never left this process: a full queue, a command nobody could encode.
 */
function isBreak(error: unknown): boolean {
  if (error instanceof ErrorReply) return error.message.startsWith('READONLY');
  return BREAKS.some((kind) => error instanceof kind) || (error instanceof Error && 'syscall' in error);
}
