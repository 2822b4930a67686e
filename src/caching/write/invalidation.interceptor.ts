import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { finalize, type Observable, tap } from 'rxjs';
import { cacheGroups } from './cache-groups';
import { tableTag } from './capture/evicts-tags.decorator';
import { TagRules } from './capture/tag-rules';
import { WriteScope } from './drain/write-scope';

interface Request {
  readonly method: string;
}

interface Reply {
  header(name: string, value: string): unknown;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Writers' answers name the cache groups that they made stale (RFC 9875 §3); caches on the way obey that for unsafe methods alone. */
@Injectable()
export class InvalidationInterceptor implements NestInterceptor {
  constructor(
    private readonly scope: WriteScope,
    private readonly rules: TagRules,
    /** What caches know tags by. @default the tags themselves */
    private readonly groupsOf: (tags: readonly string[]) => readonly string[] = (tags) => tags,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http' || SAFE.has(context.switchToHttp().getRequest<Request>().method)) {
      return next.handle();
    }
    const groups = new Set<string>();
    const reply = context.switchToHttp().getResponse<Reply>();
    // handle() binds the handler to the context it is called in.
    const { begun, leave } = this.scope.begin(groups, () => next.handle());
    return begun.pipe(
      tap(() => {
        const value = this.field(groups);
        if (value !== undefined) reply.header('cache-group-invalidation', value);
      }),
      finalize(leave),
    );
  }

  private field(groups: ReadonlySet<string>): string | undefined {
    return cacheGroups(this.groupsOf([...groups]), this.groupsOf(this.rules.tables.map(tableTag)));
  }
}
