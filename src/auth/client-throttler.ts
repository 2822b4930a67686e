import { ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard, ThrottlerLimitDetail } from '@nestjs/throttler';
import { FastifyRequest } from 'fastify';
import { Problem } from '../http';

/**
 * Counts the calls of one client. Runs behind AuthGuard, so a client is its token's user rather than an address that
 * a whole office, or every client of a proxy, shares. Nodes with one Redis share the counts.
 */
@Injectable()
export class ClientThrottler extends ThrottlerGuard {
  protected override getTracker(request: FastifyRequest): Promise<string> {
    return Promise.resolve(request.user ? `user:${request.user.id}` : `address:${request.ip}`);
  }

  /** One allowance for all of a client's writes, where the library would count each route apart. */
  protected override generateKey(_context: ExecutionContext, tracker: string, name: string): string {
    return `${name}:${tracker}`;
  }

  protected override throwThrottlingException(_context: ExecutionContext, detail: ThrottlerLimitDetail): Promise<void> {
    const seconds = Math.max(1, Math.ceil(detail.timeToBlockExpire || detail.timeToExpire));
    throw new Problem(429, `Only ${detail.limit} writes a minute: please wait ${seconds} s.`, {
      headers: { 'retry-after': String(seconds) },
    });
  }
}
