import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
  ServiceUnavailableException,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, tap } from 'rxjs';
import { userOf } from '../../read/view/view-settings';
import { ADMIN_OPTIONS, type CacheAdminOptions } from './admin.options';

/** Retry-After in seconds: the node reconnects to Redis within one. */
const RETRY_AFTER = '1';
/** Of the subject of a call, in UTF-16 units: one that is refused may carry text of any length. */
const MAX_SUBJECT = 512;

/** Common to all admin routes: responses are `no-store`, and every call is written to the audit log. */
@Injectable()
export class AdminInterceptor implements NestInterceptor {
  private readonly logger = new Logger('CacheAudit');

  constructor(@Inject(ADMIN_OPTIONS) private readonly options: CacheAdminOptions) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>().header('cache-control', 'no-store');
    const log = (outcome: string): void => this.log(context.getHandler().name, request, outcome);
    return next.handle().pipe(
      tap({
        next: () => log('done'),
        error: (error: unknown) => {
          if (error instanceof ServiceUnavailableException) void reply.header('retry-after', RETRY_AFTER);
          log(`failed: ${error instanceof Error ? error.message : String(error)}`);
        },
      }),
    );
  }

  /** Logs user, action, subject and outcome. A stream is logged when it starts. */
  private log(action: string, request: FastifyRequest, outcome: string): void {
    const who = (this.options.who ?? userOf)(request);
    const what = {
      ...(request.params as object),
      ...(request.query as object),
      ...(request.body as object | undefined),
    };
    this.logger.log({ who, action, what: shortSubject(what), reqId: request.id, outcome }, 'cache admin');
  }
}

/** A long subject as the beginning of its JSON. */
function shortSubject(what: object): object | string {
  const text = JSON.stringify(what);
  return text.length > MAX_SUBJECT ? `${text.slice(0, MAX_SUBJECT).toWellFormed()}…` : what;
}
