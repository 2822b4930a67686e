import type { DataSource } from 'typeorm';
import { CacheError } from '../../caching.errors';
import { tableTag, type TagRule, tagRuleOf } from './evicts-tags.decorator';
import type { OutboxRecord } from '../drain/outbox';

/** More tags than this at once say no more than "the table" does, and take longer to stamp. */
const MAX_TAGS = 1_000;

/** Which table's writes evict what: table → rule, as the entities of a DataSource say with @EvictsTags. */
export class TagRules {
  private readonly rules = new Map<string, TagRule>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly onFault: (table: string, error: unknown) => void,
  ) {
    for (const { target, tablePath } of dataSource.entityMetadatas) {
      const rule = typeof target === 'function' ? tagRuleOf(target) : undefined;
      if (rule) this.rules.set(tablePath, rule);
    }
  }

  get tables(): string[] {
    return [...this.rules.keys()];
  }

  /** @throws CacheError `CACHE_TABLE_UNWATCHED`: the decorator is there and the triggers are not, so nothing would ever be evicted */
  async requireTriggers(): Promise<void> {
    const unwatched = await this.dataSource.query<{ name: string }[]>(
      `SELECT name FROM unnest($1::text[]) AS name WHERE 4 <> (
         SELECT count(*) FROM pg_trigger
         WHERE tgrelid = to_regclass(name) AND tgname LIKE 'cache\\_watch\\_%' AND tgenabled IN ('O', 'A'))`,
      [this.tables],
    );
    if (unwatched.length === 0) return;
    const names = unwatched.map(({ name }) => name).join(', ');
    throw new CacheError(
      'CACHE_TABLE_UNWATCHED',
      `Writes to ${names} would evict nothing: the entity says @EvictsTags, but its table lacks triggers, or they are ` +
        'disabled. Add watchTable() to a migration.',
    );
  }

  /** What these records evict. A table without a rule, or whose rule fails, is evicted as a whole: coarse is right. */
  tagsOf(records: readonly OutboxRecord[]): string[] {
    const tags = new Set(records.flatMap((record) => this.tagsOfOne(record)));
    if (tags.size <= MAX_TAGS) return [...tags];
    return [...new Set(records.map(({ table }) => tableTag(table)))];
  }

  private tagsOfOne({ table, changes }: OutboxRecord): string[] {
    const rule = this.rules.get(table);
    if (!rule || !changes) return [tableTag(table)];
    try {
      return changes.flatMap(([before, after]) => rule({ before: before ?? undefined, after: after ?? undefined }));
    } catch (error) {
      // Thrown on, it would keep every later record from being drained as well.
      this.onFault(table, error);
      return [tableTag(table)];
    }
  }
}
