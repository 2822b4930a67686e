import { createHash } from 'node:crypto';
import { CacheError } from '../../caching.errors';
import type { Field } from './field-kinds';
import { type Duration, parseDuration } from '../../caching.options';
import type { CachePolicy } from '../store/policy';
import { type RowImage, tableTag } from './row-image';
import { RowTexts } from './row-texts';
import { literal, quote, quotePath } from '../sql';

/** The types that a primary key may have: which spellings of it are one. */
export type KeyType = 'integer' | 'bigint' | 'uuid' | 'text';

/** One value of a primary key; of a key of several columns, one for each. */
export type RowId = string | number | bigint | Readonly<Record<string, string | number | bigint>>;

export interface CachesRowsOptions {
  /** Unique in the application: keys begin with it. */
  readonly name: string;
  /** As the entity names it. */
  readonly table: string;
  /** Columns of the primary key and their types. */
  readonly key: Readonly<Record<string, KeyType>>;
  /** The row's own tag, from its id as text: every write of the row stamps it. */
  readonly tag: (id: string) => string;
  /** The fields of one row's JSON, in their order. */
  readonly fields: Readonly<Record<string, Field>>;
  /**
   * Columns that must have these values for the row to be there: `{ deleted_at: null }`, `{ type: 'cat' }`. Any other row is
   * as absent as a deleted one. @default all rows
   */
  readonly only?: Readonly<Record<string, string | null>>;
  /** Part of the key. The hash of the fields is too, so change it only where the meaning of a field changes. @default none */
  readonly version?: string | number;
  /** Whether the drain puts what was written into the cache. False where rows change unseen by triggers. @default true */
  readonly writeThrough?: boolean;
  /** How long a row is fresh. Duration. @default the module's `ttl` */
  readonly ttl?: Duration;
  /** How long past its TTL a row may be served if the database fails. 0: never. Duration. @default the module's `grace` */
  readonly grace?: Duration;
}

/** How the rows of one entity are cached: what their JSON is, and under which key and tag each is. */
export class RowsDefinition {
  readonly name: string;
  readonly table: string;
  readonly writeThrough: boolean;
  readonly policy: CachePolicy;
  readonly texts: RowTexts;
  /** Names this very shape: releases that show a row differently share no entry. */
  private readonly release: string;
  private readonly keys: readonly [column: string, type: KeyType][];
  private readonly fields: readonly [name: string, field: Field][];
  private readonly only: readonly [column: string, value: string | null][];

  constructor(private readonly options: CachesRowsOptions) {
    const { name, table, key, fields, only = {}, version, writeThrough = true } = options;
    this.name = name;
    this.table = table;
    this.writeThrough = writeThrough;
    const { ttl, grace } = options;
    this.policy = {
      tags: [tableTag(table)],
      ...(ttl === undefined ? {} : { ttl: parseDuration('ttl', ttl) }),
      ...(grace === undefined ? {} : { grace: parseDuration('grace', grace, 0) }),
    };
    this.keys = Object.entries(key);
    this.fields = Object.entries(fields);
    this.texts = new RowTexts(Object.keys(fields));
    this.only = Object.entries(only);
    const shape = this.fields.map(([field, { column, kind }]) => [field, column, kind.name]);
    const facts = JSON.stringify([table, this.keys, shape, this.only, version]);
    this.release = createHash('sha256').update(facts).digest('base64url').slice(0, 8);
  }

  /** An id as text, the same for every spelling of it. @throws CacheError `CACHE_KEY` for what is no id */
  idOf(id: RowId): string {
    const values = typeof id === 'object' ? id : { [this.keys[0]![0]]: id };
    return joined(this.keys.map(([column, type]) => canonical(values[column], type, column)));
  }

  /** Whether `id` is what `idOf` returns for some row. */
  isId(id: unknown): id is string {
    if (typeof id !== 'string') return false;
    const values = this.valuesOf(id);
    return joined(this.keys.map(([column, type], at) => canonical(values[at], type, column))) === id;
  }

  /** The id of a row that was written. Undefined: the image lacks a column of the key. */
  idIn(image: RowImage): string | undefined {
    const values = this.keys.map(([column]) => image[column]);
    return values.every((value) => typeof value === 'string') ? joined(values) : undefined;
  }

  /** The values of the key's columns, from an id as text. */
  valuesOf(id: string): string[] {
    return this.keys.length === 1 ? [id] : id.split(',').map(decodeURIComponent);
  }

  /** The cache key of a row. It ends in the row's tag, which is the tag of the entry itself. */
  keyOf(id: string): string {
    return this.rowKey + this.tagOf(id);
  }

  /** Keys of rows begin with it. */
  get rowKey(): string {
    return `entity:${this.name}.${this.release}:`;
  }

  /** Keys of lists of these rows begin with it. The number is that of the form in which lists are cached. */
  get listKey(): string {
    return `query:${this.name}.${this.release}.2`;
  }

  tagOf(id: string): string {
    return this.options.tag(id);
  }

  /** Whether `tag` may be the tag of one of these rows: it has what all of them have in common. */
  isTag(tag: string): boolean {
    const [before, after] = this.options.tag(PLACE).split(PLACE) as [string, string];
    return tag.startsWith(before) && tag.endsWith(after);
  }

  /** The JSON of a row from its image. `null`: not a row of these. Undefined: the image lacks a column. */
  jsonOf(image: RowImage): string | null | undefined {
    const lacks = (column: string): boolean => image[column] === undefined;
    if (this.fields.some(([, { column }]) => lacks(column)) || this.only.some(([column]) => lacks(column)))
      return undefined;
    if (this.only.some(([column, value]) => image[column] !== value)) return null;
    const members = this.fields.map(([name, { column, kind }]) => {
      const text = image[column]!;
      return `${JSON.stringify(name)}:${text === null ? 'null' : kind.json(text)}`;
    });
    return `{${members.join()}}`;
  }

  /**
   * A select list for rows of `alias`: `id`, as `idOf` has it, and `json`; null for a row that is not one of these.
   * @param alias the table's, quoted where it has to be
   */
  selectList(alias: string): string {
    const column = (name: string): string => `${alias}.${quote(name)}`;
    const shown = this.fields.map(([name, { column: from, kind }]) => `${kind.sql(column(from))} AS ${quote(name)}`);
    const json = `(SELECT row_to_json(r.*)::text FROM (SELECT ${shown.join(', ')}) AS r)`;
    const conditions = this.only.map(([name, value]) =>
      value === null ? `${column(name)} IS NULL` : `${column(name)}::text = ${literal(value)}`,
    );
    const shownJson = conditions.length > 0 ? `CASE WHEN ${conditions.join(' AND ')} THEN ${json} END` : json;
    const ids = this.keys.map(([name]) => `${column(name)}::text`);
    return `${ids.length === 1 ? ids[0] : `json_build_array(${ids.join(', ')})::text`} AS id, ${shownJson} AS json`;
  }

  /** The id of a selected row, from its `id`. */
  idSelected(text: string): string {
    return this.keys.length === 1 ? text : joined(JSON.parse(text) as string[]);
  }

  /** SQL of the rows whose keys are in `$1` (one array of text for each column of the key). */
  selectByIds(): string {
    const table = quotePath(this.table);
    const from = `SELECT ${this.selectList('t')} FROM ${table} AS t`;
    const arrays = this.keys.map(([, type], at) => `$${at + 1}::text[]::${ARRAYS[type]}`);
    if (arrays.length === 1) return `${from} WHERE t.${quote(this.keys[0]![0])} = ANY (${arrays[0]})`;
    const on = this.keys.map(([name], at) => `t.${quote(name)} = asked.k${at}`).join(' AND ');
    return `${from} JOIN unnest(${arrays.join(', ')}) AS asked (${arrays.map((_, at) => `k${at}`).join(', ')}) ON ${on}`;
  }
}

/** An integer that is too large for its column is an id that no row has, and no error. */
const ARRAYS: Record<KeyType, string> = { integer: 'bigint[]', bigint: 'bigint[]', uuid: 'uuid[]', text: 'text[]' };
/** In the place of an id. */
const PLACE = '\0';
const LARGEST = 2n ** 63n - 1n;
/** An integer below that in its only spelling, as almost every id is: it need not become a BigInt. */
const PLAIN_INTEGER = /^(?:0|-?[1-9]\d{0,17})$/;

function canonical(value: unknown, type: KeyType, column: string): string {
  const text = String(value);
  switch (type) {
    case 'integer':
    case 'bigint':
      if (PLAIN_INTEGER.test(text)) return text;
      if (/^-?\d{1,19}$/.test(text) && abs(BigInt(text)) <= LARGEST) return BigInt(text).toString();
      break;
    case 'uuid':
      if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) return text.toLowerCase();
      break;
    case 'text':
      if (typeof value === 'string' && !text.includes('\0')) return text;
      break;
    default:
      return type satisfies never;
  }
  throw new CacheError('CACHE_KEY', `${JSON.stringify(text)} is no ${type} for the key column ${column}`);
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function joined(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : values.map(encodeURIComponent).join();
}
