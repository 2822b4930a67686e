import { BadRequestException, Inject, Injectable } from '@nestjs/common';
import type { CacheStack } from '../../core/cache-stack';
import { CACHE_STACK } from '../../caching.tokens';
import type { EntryInfo } from '../../core/store/inspector';
import type { EntriesQuery, EntryDto, EntryPageDto } from './entry.dto';
import { beforeMask, isMasked, Masks } from './masks';

/** SCAN steps per request while nothing is found, and keys per step: bounds the work on a large Redis. */
const MAX_STEPS = 50;
const MAX_SEARCH_STEPS = 1_000;
const STEP = 1_000;

/** Entries as administrators see them: without bodies, and without the people that keys and tags name. */
@Injectable()
export class EntryBrowser {
  constructor(
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(Masks) private readonly masks: Masks,
  ) {}

  /** A page may be short, or empty where it has looked at many that are something else. @throws CacheError when L2 cannot be asked */
  async page({ prefix = '', tag, cursor, limit }: EntriesQuery): Promise<EntryPageDto> {
    // What is masked can only be compared with what is shown.
    const literally = { prefix: beforeMask(prefix), tag: tag !== undefined && isMasked(tag) ? undefined : tag };
    const entries: EntryDto[] = [];
    let next: string | undefined = cursor ?? '0';
    for (let step = 0; step < MAX_STEPS && next !== undefined && entries.length === 0; step++) {
      const page = await this.stack.inspector.entries({ ...literally, cursor: next, limit });
      const shown = page.entries.map((entry) => this.show(entry));
      entries.push(...shown.filter((entry) => entry.key.startsWith(this.masks.hide(prefix)) && carries(entry, tag)));
      next = page.cursor;
    }
    return { entries, next: next ?? null };
  }

  /** @param name a key as it is, or as it is shown */
  async entry(name: string): Promise<EntryDto | undefined> {
    const key = await this.keyOf(name);
    const entry = key === undefined ? undefined : await this.stack.inspector.entry(key);
    return entry && this.show(entry);
  }

  /** The key that is shown so; undefined where it is masked and nothing here is shown so. */
  async keyOf(name: string): Promise<string | undefined> {
    if (!isMasked(name)) return name;
    return this.stack.inspector.find(beforeMask(name), (key) => this.masks.hide(key) === name, {
      steps: MAX_SEARCH_STEPS,
      count: STEP,
    });
  }

  /** @throws BadRequestException for a mask, which is not a real tag */
  refuseMasks(tags: readonly string[]): void {
    const masked = tags.filter(isMasked);
    if (masked.length === 0) return;
    throw new BadRequestException(
      `tags: ${masked.join(', ')} is a mask of a person: delete the entry itself, or use the unmasked tag`,
    );
  }

  private show(entry: EntryInfo): EntryDto {
    const { key, tags, createdAt, staleBecause, ttl, fresh, ...rest } = entry;
    const why = staleBecause ?? (fresh ? undefined : { why: 'expired' as const });
    return {
      ...rest,
      key: this.masks.hide(key),
      tags: tags.map((tag) => this.masks.hide(tag)),
      created_at: new Date(createdAt).toISOString(),
      ttl,
      fresh,
      stale_because: why
        ? { why: why.why, tag: 'tag' in why && why.tag !== undefined ? this.masks.hide(why.tag) : null }
        : null,
    };
  }
}

function carries(entry: EntryDto, tag: string | undefined): boolean {
  return tag === undefined || !isMasked(tag) || entry.tags.includes(tag);
}
