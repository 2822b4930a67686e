import { CanActivate, ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { requestOf } from '../http';
import { Accesses } from './accesses';
import { ClientThrottler } from './client-throttler';

/** Bounds writes and admin calls for one client; any other read passes at once. */
@Injectable()
export class WriteThrottlerGuard implements CanActivate {
  constructor(
    @Inject(Accesses) private readonly accesses: Accesses,
    @Inject(ClientThrottler) private readonly throttler: ClientThrottler,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { method } = requestOf(context);
    const reads = method === 'GET' || method === 'HEAD';
    return (reads && this.accesses.of(context)?.role !== 'admin') || this.throttler.canActivate(context);
  }
}
