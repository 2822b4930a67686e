import type { FieldText } from '../../core/rows/row-texts';

/** A row as `RowsDefinition.selectList` selects it. */
export interface SelectedRow {
  readonly id: string;
  readonly json: string | null;
}

/** Runs SQL with parameters on a committed state of the database, and returns its rows. */
export type SelectRows = (sql: string, values: unknown[]) => Promise<SelectedRow[]>;

/** What of a row decides where it stands, as text. */
export type PlaceOf = (field: FieldText) => string;

/** How a cached list is found again, and what its membership and order depend on. */
export interface RowList {
  /** Distinguishes the list from all others: its name, and whatever its rows were chosen by. */
  readonly key: readonly [name: string, ...rest: unknown[]];
  /** Tags of membership and order only: each row brings its own. A function of the list's rows, in order, returns them. */
  readonly tags: readonly string[] | ((rows: readonly FieldText[]) => readonly string[]);
  /**
   * What of a row decides that it is in the list, and where, made of the JSON texts of its fields. Between a commit and its stamp
   * a row may be newer than the list, or the list newer than a row; where this differs, the list is read again, by one query.
   * @default nothing
   */
  readonly placeOf?: PlaceOf;
  /**
   * The list's rows, where another cached value knows them: then a list that is not cached costs no query of its own, and only rows that
   * are not cached either are selected, by their ids. It runs inside the load of the list, so the list depends on that value. Undefined: `load` runs.
   * @default unknown
   */
  readonly known?: () => Promise<KnownRows | undefined>;
}

/** The rows of a list before they are read. */
export interface KnownRows {
  /** Of all pages of the list together. */
  readonly count: number;
  /** In the order of the list. */
  readonly rows: readonly KnownRow[];
  /**
   * Ids of rows that an insert or a delete elsewhere moves into the list: where a row has to be selected, those that this process does not
   * have come with it, by the same query. @default none
   */
  readonly near?: () => readonly string[];
}

/** A row of a list before it is read. */
export interface KnownRow {
  readonly id: string;
  /** Knows at least the fields that `placeOf` uses. */
  readonly field: FieldText;
}

/** Rows of one page of a list, and how many rows the list has on all its pages together. A page past the last has a count and no rows. */
export interface CountedRows {
  readonly count: number;
  readonly rows: readonly SelectedRow[];
}
