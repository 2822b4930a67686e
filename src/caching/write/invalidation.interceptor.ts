import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { finalize, mergeMap, type Observable, tap } from 'rxjs';
import { CACHE_TOKEN, tokenText } from '../core/clock/cache-token';
import type { TagClock } from '../core/clock/tag-clock';
import { withKinds } from '../edge/edge-tags';
import { cacheGroups } from './cache-groups';
import { tableTag } from './capture/evicts-tags.decorator';
import { TagRules } from './capture/tag-rules';
import { WriteNotes, type WriteScope } from './drain/write-scope';

interface Request {
  readonly method: string;
}

interface Reply {
  header(name: string, value: string): unknown;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Responses to writes name the cache groups that they made stale (RFC 9875 §3). Caches obey that header for unsafe methods only. */
@Injectable()
export class InvalidationInterceptor implements NestInterceptor {
  constructor(
    private readonly scope: WriteScope,
    private readonly rules: TagRules,
    private readonly clock: Pick<TagClock, 'now'>,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http' || SAFE.has(context.switchToHttp().getRequest<Request>().method)) {
      return next.handle();
    }
    const notes = new WriteNotes();
    const reply = context.switchToHttp().getResponse<Reply>();
    // handle() binds the handler to the context it is called in.
    const { begun, leave } = this.scope.begin(notes, () => next.handle());
    return begun.pipe(
      tap(() => {
        const value = this.field(notes);
        if (value !== undefined) reply.header('cache-group-invalidation', value);
      }),
      mergeMap(async (value: unknown) => {
        const token = await this.token(notes);
        if (token !== undefined) reply.header(CACHE_TOKEN, token);
        return value;
      }),
      finalize(leave),
    );
  }

  /**
   * A read that sends it back sees the write on any node, through any edge. The clock is queried where another node drained the record: this
   * one may not have received that stamp yet. Undefined, which promises nothing: no reply, or the write is not stamped.
   */
  private async token({ isUnstamped, stamp }: WriteNotes): Promise<string | undefined> {
    if (isUnstamped) return undefined;
    if (stamp) return tokenText({ epoch: stamp.epoch, tick: stamp.lastTick });
    const now = await this.clock.now().catch(() => undefined);
    return now && tokenText(now);
  }

  /** As `Cache-Groups` of responses names them. */
  private field({ tags }: WriteNotes): string | undefined {
    return cacheGroups(withKinds([...tags]), withKinds(this.rules.tables.map(tableTag)));
  }
}
