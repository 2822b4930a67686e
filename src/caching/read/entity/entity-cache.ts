import { CacheError } from '../../caching.errors';
import type { CacheStack } from '../../core/cache-stack';
import type { FieldText } from '../../core/rows/row-texts';
import type { RowId, RowsDefinition } from '../../core/rows/rows-definition';
import type { CacheEntry, Loaded } from '../../core/store/entry';
import type { ManyPolicy } from '../../core/store/policy';
import { boundedKey, canonicalText } from '../canonical';
import { type CachedList, ReadLists } from './read-lists';
import type { CountedRows, KnownRows, PlaceOf, RowList, SelectedRow, SelectRows } from './row-list';

/** The rows of one entity, each cached by itself as the JSON that the API shows. Made by `CacheService.rows()`. */
export class EntityCache {
  private readonly policy: ManyPolicy;
  private readonly isOn: boolean;
  private readonly byIds: string;
  private readonly lists: ReadLists;

  constructor(
    private readonly stack: CacheStack,
    readonly definition: RowsDefinition,
    private readonly select: SelectRows,
  ) {
    this.isOn = stack.options.layers.includes('query');
    this.policy = definition.policy;
    this.byIds = definition.selectByIds();
    this.lists = new ReadLists((id) => definition.keyOf(id));
    stack.readable.require(definition.rowKey, isRow);
    stack.readable.require(`${definition.listKey}(`, (entry) => this.isList(entry));
  }

  /**
   * The JSON of one row; null: there is none.
   * @param within an EntityManager or QueryRunner: reads by its own transaction, past the cache
   * @throws CacheError `CACHE_KEY` for what is no id; what the database throws
   */
  async get(id: RowId, within?: { query: SelectRows }): Promise<string | null> {
    return (await this.getMany([id], within))[0]!;
  }

  /** The JSON of many rows, in the order of `ids`: from L1, by one MGET, and by one SELECT for the rest. @throws as `get` */
  async getMany(ids: readonly RowId[], within?: { query: SelectRows }): Promise<(string | null)[]> {
    const texts = ids.map((id) => this.definition.idOf(id));
    if (within) return this.uncached(texts, (sql, values) => within.query(sql, values));
    return this.isOn ? this.byText(texts) : this.uncached(texts, this.select);
  }

  /**
   * A list of rows. The cache keeps their ids and each row by itself: a write of a row leaves the list alone, unless it
   * stamps one of the list's own tags. A list that is not cached fills both from the one query of `load`.
   * @param load selects `RowsDefinition.selectList`, in order
   */
  async list(list: RowList, load: () => Promise<SelectedRow[]>): Promise<string[]> {
    const { texts } = await this.counted(list, async () => ({ count: 0, rows: await load() }));
    return texts;
  }

  /**
   * A page of a list and the count of all its pages, which depends on the list's tags as well.
   * @param load as of `list`, and the count
   */
  async counted(
    { key, tags, placeOf, known }: RowList,
    load: () => Promise<CountedRows>,
  ): Promise<{ count: number; texts: string[] }> {
    let own: CountedRows | undefined;
    let made: CachedList | undefined;
    let near: KnownRows['near'];
    const query = async (): Promise<CountedRows> => {
      const { count, rows } = await load();
      return (own = { count, rows: this.identified(rows) });
    };
    if (!this.isOn) return this.shown(await query(), tags);
    const stored = (list: CachedList, fields: () => readonly FieldText[]): Loaded => {
      made = list;
      return { body: JSON.stringify(list), tags: tagsOf(tags, fields) };
    };
    const name = boundedKey(`${this.definition.listKey}(${key.map(canonicalText).join()})`);
    const policy = { comesWithWhole: true, isAssembled: known !== undefined };
    const { entry, outcome, collapsed } = await this.stack.store.getOrLoad(name, policy, async () => {
      const found = await known?.();
      near = found?.near;
      if (found) {
        const list = listed(found.count, found.rows, ({ field }) => placeOf?.(field) ?? null);
        return stored(list, () => found.rows.map(({ field }) => field));
      }
      const read = await query();
      this.keep(read.rows);
      const list = listed(read.count, read.rows, ({ json }) => this.placeIn(json, placeOf));
      return stored(list, () => this.fieldsOf(read.rows));
    });
    const isOwn = outcome === 'miss' && !collapsed;
    // The load has recorded the list's own tags.
    if (own && isOwn) return this.shown(own, []);
    const list = this.lists.of(entry, isOwn ? made : undefined);
    const texts = await this.byText(list.ids, list.keys, near);
    const isOne = list.holds(texts, (json) => this.placeIn(json, placeOf));
    // Where a row has moved since the list was read, one query reads both again.
    return isOne ? { count: list.count, texts: [...texts] } : this.shown(await query(), tags);
  }

  /** Caches rows that the load around this call has read, where they are not cached yet. */
  private keep(rows: readonly SelectedRow[]): void {
    const isCached = ({ id }: SelectedRow): boolean => this.stack.store.has(this.definition.keyOf(id));
    const missing = rows.filter((row) => !isCached(row)).map(({ id, json }) => ({ id, json: ownText(json) }));
    this.stack.store.keep(this.loaded(missing), this.policy);
  }

  private placeIn(json: string | null, placeOf: PlaceOf | undefined): string | null {
    return json === null || !placeOf ? null : placeOf(this.definition.texts.of(json));
  }

  private isList({ body }: CacheEntry): boolean {
    const [count, places] = JSON.parse(String(body)) as [unknown, unknown];
    if (!Number.isInteger(count) || !Array.isArray(places)) return false;
    return places.every((place) => Array.isArray(place) && this.definition.isId(place[0]));
  }

  /** Rows that this caller has read itself, at the instant of the load around it: they need no lookup. */
  private shown({ count, rows }: CountedRows, tags: RowList['tags']): { count: number; texts: string[] } {
    this.dependOn([...tagsOf(tags, () => this.fieldsOf(rows)), ...rows.map(({ id }) => this.definition.tagOf(id))]);
    return { count, texts: rows.flatMap(({ json }) => (json === null ? [] : [json])) };
  }

  private fieldsOf(rows: readonly SelectedRow[]): FieldText[] {
    return rows.flatMap(({ json }) => (json === null ? [] : [this.definition.texts.of(json)]));
  }

  private dependOn(tags: readonly string[]): void {
    this.stack.dependencies.addTags([...tags, ...(this.policy.tags ?? [])]);
  }

  /**
   * @param ids as `RowsDefinition.idOf` has them @param keys of their entries
   * @param near as of `KnownRows`
   */
  private async byText(
    ids: readonly string[],
    keys = this.keysOf(ids),
    near: KnownRows['near'] = () => [],
  ): Promise<(string | null)[]> {
    const results = await this.stack.store.getOrLoadMany(keys, this.policy, async (missing) => {
      const byKey = new Map(keys.map((key, at) => [key, ids[at]!]));
      const also = near().filter((id) => !this.stack.store.has(this.definition.keyOf(id)));
      const selected = await this.rows([...missing.map((key) => byKey.get(key)!), ...also], this.select);
      const rows = this.loaded(selected);
      if (also.length > 0) this.stack.store.keep(without(rows, missing), this.policy);
      return rows;
    });
    return results.map(({ entry }) => jsonIn(entry.body));
  }

  private keysOf(ids: readonly string[]): readonly string[] {
    return ids.map((id) => this.definition.keyOf(id));
  }

  private async uncached(ids: readonly string[], run: SelectRows): Promise<(string | null)[]> {
    const rows = await this.rows([...new Set(ids)], run);
    this.dependOn(ids.map((id) => this.definition.tagOf(id)));
    const byId = new Map(rows.map(({ id, json }) => [id, json]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  /** @throws CacheError `CACHE_KEY` when a row comes under another spelling of its id: no write would ever stamp that one */
  private async rows(ids: readonly string[], run: SelectRows): Promise<SelectedRow[]> {
    if (ids.length === 0) return [];
    const values = ids.map((id) => this.definition.valuesOf(id));
    const columns = values[0]!.map((_, at) => values.map((value) => value[at]!));
    const rows = this.identified(await run(this.byIds, columns));
    const asked = new Set(ids);
    const stranger = rows.find(({ id }) => !asked.has(id));
    if (!stranger) return rows;
    throw new CacheError(
      'CACHE_KEY',
      `${this.definition.name} ${stranger.id} was asked for under another spelling of its id`,
    );
  }

  private identified(rows: readonly SelectedRow[]): SelectedRow[] {
    return rows.map(({ id, json }) => ({ id: this.definition.idSelected(id), json }));
  }

  private loaded(rows: readonly SelectedRow[]): Map<string, Loaded> {
    return new Map(rows.map(({ id, json }) => [this.definition.keyOf(id), { body: json }]));
  }
}

function without(rows: ReadonlyMap<string, Loaded>, keys: readonly string[]): Map<string, Loaded> {
  const others = new Map(rows);
  for (const key of keys) others.delete(key);
  return others;
}

/** A row is sent as it is stored, so it has to be JSON. */
function isRow({ body }: CacheEntry): boolean {
  return body === null || typeof JSON.parse(String(body)) === 'object';
}

function tagsOf(tags: RowList['tags'], rows: () => readonly FieldText[]): readonly string[] {
  return typeof tags === 'function' ? tags(rows()) : tags;
}

/** A text in memory of its own: a part of a text keeps the whole alive, and the cache counts the part alone. */
function ownText(text: string | null): string | null {
  return text === null ? null : Buffer.from(text).toString();
}

function jsonIn(body: string | Buffer | null): string | null {
  return body === null ? null : body.toString();
}

function listed<T extends { readonly id: string }>(
  count: number,
  rows: readonly T[],
  place: (row: T) => string | null,
): CachedList {
  return [count, rows.map((row) => [row.id, place(row)])];
}
