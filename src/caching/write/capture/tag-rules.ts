import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { CacheError } from '../../caching.errors';
import { tableTag, type TagRule, tagRulesOf } from './evicts-tags.decorator';
import { rowsDefinitionOf } from '../../core/rows/caches-rows.decorator';
import type { RowsDefinition } from '../../core/rows/rows-definition';
import type { OutboxRecord } from '../drain/outbox';
import { EVERY_TABLE, hashOfRules, readMark, ruleMark } from './rule-marks';
import { readWatchedTables, type WatchedTable } from './watched-tables';

/** More tags than this at once say no more than "the table" does, and take longer to stamp. */
const MAX_TAGS = 1_000;

/** One table: every name that entities or records have for it, and the rules of all its entities. */
interface TableRules {
  readonly names: Set<string>;
  readonly rules: Set<TagRule>;
  /** How its rows are cached; undefined members: nothing is. */
  readonly rows: Set<RowsDefinition>;
  /** Something writes to it, or hides rows of it, past its triggers. */
  isBlind: boolean;
  /** Of rules and rows; undefined: to be computed. */
  hash?: string;
}

/** Which table's writes evict what: table → rules, as the entities of a DataSource say with @EvictsTags. */
export class TagRules {
  private readonly logger = new Logger('Capture');
  private readonly byName = new Map<string, TableRules>();
  /** As entities name them. */
  readonly tables: readonly string[];

  constructor(
    private readonly dataSource: DataSource,
    private readonly onFault: (table: string, error: unknown) => void,
    /** Tags as the clock writes them: rules name users, stamps have their pseudonyms. */
    private readonly texts: (tags: Iterable<string>) => string[] = (tags) => [...tags],
  ) {
    for (const { target, tablePath } of dataSource.entityMetadatas) {
      const rules = typeof target === 'function' ? tagRulesOf(target) : [];
      const rows = typeof target === 'function' ? rowsDefinitionOf(target) : undefined;
      if (rules.length > 0) this.add(tablePath, rules, rows ? [rows] : []);
    }
    this.tables = [...this.byName.keys()];
  }

  /**
   * Reads from PostgreSQL how the tables are watched, and what their records call them. Warns of writes that no trigger can see.
   * @throws CacheError `CACHE_TABLE_UNWATCHED`: an entity has a rule and its table has no triggers, so nothing would ever be evicted;
   * or its parent or child has triggers of its own, so that each would hide writes from the other
   */
  async requireTriggers(): Promise<void> {
    const tables = await readWatchedTables(this.dataSource, this.tables);
    const unwatched = tables.filter(({ isWatched, unknownColumns }) => !isWatched || unknownColumns.length > 0);
    if (unwatched.length > 0) {
      throw new CacheError(
        'CACHE_TABLE_UNWATCHED',
        `Writes to ${unwatched.map(({ path }) => path).join(', ')} would evict nothing: the entity has @EvictsTags, but the triggers of its ` +
          'table are missing, disabled, older than a virtual column, or write to another outbox. ' +
          'Add watchTable() to a migration.',
      );
    }
    for (const table of tables) {
      refuseApart(table);
      this.join(table, tables);
      this.warn(table);
    }
  }

  /** What these records evict. A table without a rule, or whose rule fails, is evicted as a whole: coarse is right. */
  tagsOf(records: readonly OutboxRecord[]): string[] {
    const tags = new Set(records.flatMap((record) => this.tagsOfOne(record)));
    if (tags.size <= MAX_TAGS) return this.texts(tags);
    return [...new Set(records.flatMap(({ table }) => this.coarse(table)))];
  }

  private tagsOfOne({ table, changes }: OutboxRecord): string[] {
    const known = this.byName.get(table);
    if (!known || !changes) return this.coarse(table);
    try {
      return [...known.rules]
        .flatMap((rule) =>
          changes.flatMap(([before, after]) => rule({ before: before ?? undefined, after: after ?? undefined })),
        )
        .concat(rowTags(known.rows, changes));
    } catch (error) {
      // Thrown on, it would keep every later record from being drained as well.
      this.onFault(table, error);
      return this.coarse(table);
    }
  }

  /** Tags that name the rules by which these records were read. */
  marksOf(records: readonly OutboxRecord[]): string[] {
    return [...new Set(records.map(({ table }) => table))].map((table) => ruleMark(this.hashOf(table), table));
  }

  /** All that depends on any table of this program, or on one of `records`, and what other programs make of that. */
  everything(records: readonly OutboxRecord[]): string[] {
    return [...this.tables, ...records.map(({ table }) => table)].map(tableTag).concat(EVERY_TABLE);
  }

  /** What a stamp by the rules of another program or release may have left out. */
  omittedBy(tag: string): readonly string[] {
    const mark = readMark(tag);
    if (!mark) return [];
    const { hash, table } = mark;
    if (table === undefined) return this.tables.flatMap((own) => this.coarse(own));
    return hash === this.hashOf(table) ? [] : this.coarse(table);
  }

  /** The rows of a table that the drain may put into the cache. */
  writtenThrough(table: string): readonly RowsDefinition[] {
    const known = this.byName.get(table);
    return !known || known.isBlind ? [] : [...known.rows].filter(({ writeThrough }) => writeThrough);
  }

  private hashOf(table: string): string {
    const known = this.byName.get(table);
    if (!known) return hashOfRules([], []);
    return (known.hash ??= hashOfRules(known.rules, known.rows));
  }

  /** Entries carry the name that their own entity has for the table. */
  private coarse(table: string): string[] {
    return [...(this.byName.get(table)?.names ?? [table])].map(tableTag);
  }

  private add(name: string, rules: Iterable<TagRule>, rows: Iterable<RowsDefinition>): TableRules {
    const known = this.byName.get(name) ?? {
      names: new Set([name]),
      rules: new Set<TagRule>(),
      rows: new Set<RowsDefinition>(),
      isBlind: false,
    };
    known.hash = undefined;
    for (const each of rows) known.rows.add(each);
    for (const rule of rules) known.rules.add(rule);
    this.byName.set(name, known);
    return known;
  }

  /** `products`, `public.products` and what the records say may be one table: each name then has the rules of all. */
  private join(table: WatchedTable, tables: readonly WatchedTable[]): void {
    const { path, oid, recordedAs = path } = table;
    const names = [...tables.filter((other) => other.oid === oid).map((other) => other.path), recordedAs];
    const rules = names.flatMap((name) => [...(this.byName.get(name)?.rules ?? [])]);
    const rows = names.flatMap((name) => [...(this.byName.get(name)?.rows ?? [])]);
    for (const name of names) {
      const known = this.add(name, rules, rows);
      known.isBlind ||= table.isSubscribed || table.hasRowSecurity || unseen(table).length > 0;
      for (const other of names) known.names.add(other);
    }
  }

  private warn(table: WatchedTable): void {
    const { path, isSubscribed, unwatchedParents } = table;
    if (unseen(table).length > 0) {
      const [root = path] = unwatchedParents;
      this.logger.warn(
        `${path}: direct writes to ${unseen(table).join(', ')} are not seen, as triggers fire for the table alone that a ` +
          `statement names. Call watchTable() for ${root} in a migration.`,
      );
    }
    if (isSubscribed) {
      this.logger.warn(
        `${path} is fed by logical replication, which fires no statement triggers: entries built from it stay until their TTL. ` +
          'Call CacheService.evict() after the change, or do not cache this table.',
      );
    }
  }
}

/** Tables that hold rows of this one and whose own writes no trigger sees. */
function unseen({ unwatchedChildren, unwatchedParents }: WatchedTable): readonly string[] {
  return [...unwatchedChildren, ...unwatchedParents];
}

function refuseApart({ path, watchedApart }: WatchedTable): void {
  if (watchedApart.length === 0) return;
  throw new CacheError(
    'CACHE_TABLE_UNWATCHED',
    `${path} and ${watchedApart.join(', ')} hold each other's rows and are watched apart, so that a write to one would evict nothing ` +
      'of the other. Call watchTable() once, for the parent of all of them: it watches its partitions and children too.',
  );
}

/** A row's own tag, whatever the rule says of it: without, a cached row would outlive its write. */
function rowTags(definitions: Iterable<RowsDefinition>, changes: NonNullable<OutboxRecord['changes']>): string[] {
  return [...definitions].flatMap((definition) =>
    changes.flat().flatMap((image) => {
      const id = image ? definition.idIn(image) : undefined;
      return id === undefined ? [] : [definition.tagOf(id)];
    }),
  );
}
