import { Inject, Injectable } from '@nestjs/common';
import type { CacheStack } from '../../core/cache-stack';
import { CACHE_STACK } from '../../caching.tokens';
import type { EntryInfo } from '../../core/store/inspector';
import type { EntriesQuery, EntryDto, EntryPageDto } from './entry.dto';

/** SCAN steps per request while nothing is found: bounds the work on a large Redis. */
const MAX_STEPS = 50;

/** Entries as administrators see them: without bodies. */
@Injectable()
export class EntryBrowser {
  constructor(@Inject(CACHE_STACK) private readonly stack: CacheStack) {}

  /** A page may be short, or empty where it has read many keys of other kinds. @throws CacheError when L2 cannot be read */
  async page({ prefix, tag, cursor, limit }: EntriesQuery): Promise<EntryPageDto> {
    const entries: EntryDto[] = [];
    let next: string | undefined = cursor ?? '0';
    for (let step = 0; step < MAX_STEPS && next !== undefined && entries.length === 0; step++) {
      const page = await this.stack.inspector.entries({ prefix, tag, cursor: next, limit });
      entries.push(...page.entries.map(show));
      next = page.cursor;
    }
    return { entries, next: next ?? null };
  }

  async entry(key: string): Promise<EntryDto | undefined> {
    const entry = await this.stack.inspector.entry(key);
    return entry && show(entry);
  }
}

function show(entry: EntryInfo): EntryDto {
  const { createdAt, staleBecause, ttl, fresh, tags, ...rest } = entry;
  const why = staleBecause ?? (fresh ? undefined : { why: 'expired' as const });
  return {
    ...rest,
    tags: [...tags],
    created_at: new Date(createdAt).toISOString(),
    ttl,
    fresh,
    stale_because: why ? { why: why.why, tag: 'tag' in why ? (why.tag ?? null) : null } : null,
  };
}
