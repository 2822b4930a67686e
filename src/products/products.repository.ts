import { Inject, Injectable } from '@nestjs/common';
import { type CountedRows, rowsDefinitionOf, SelectedRow } from '../caching';
import { ReadGate, type ReadKind } from '../database';
import type { Position } from './cursor';
import { Ordering, ProductFilter } from './dto/product-query.dto';
import { Product } from './product.entity';
import { ProductTotals } from './product-totals';
import { type PackedRows, unpacked } from './packed-rows';
import {
  conditionOf,
  countedPageSql,
  countSql,
  pageSql,
  pagesIn,
  rowsAfterSql,
  Slice,
  type Statement,
  stretchSql,
} from './product-lists';

const ROWS = rowsDefinitionOf(Product)!.selectList('product');
const ROWS_BY_POSITION = rowsDefinitionOf(Product)!.selectList('p');

/** Many pages of a list by age. */
export interface Stretch {
  /** Of the whole list. */
  readonly count: number;
  /** Of each page, with commas between them. */
  readonly ids: string[];
  /** Of creation, in seconds of the Unix epoch, in the same order. */
  readonly times: string[];
}

/** The SQL of reading the catalogue. */
@Injectable()
export class ProductsRepository {
  constructor(
    @Inject(ReadGate) private readonly gate: ReadGate,
    @Inject(ProductTotals) private readonly totals: ProductTotals,
  ) {}

  count(filter: ProductFilter): Promise<number> {
    const total = this.totals.count(filter);
    if (total) return total;
    const question = { count: membersOf(filter) };
    const { sql, values } = conditionOf(filter);
    return this.gate.run(kindOf(filter), question, async (runner) => {
      return countIn((await runner.query(countSql(sql), [...values])) as Counted[]);
    });
  }

  /** A page of a list and the count of all its pages, by one statement. */
  async countedPage(filter: ProductFilter, ordering: Ordering, slice: Slice): Promise<CountedRows> {
    const question = { counted: [membersOf(filter), ordering, slice] };
    const statement = countedPageSql(ROWS, conditionOf(filter), ordering, slice, this.totals.sqlOf(filter));
    const page = await this.row<Counted & PackedRows>(kindOf(filter), question, statement);
    this.totals.noteRows(filter, page.rows);
    return { count: countIn([page]), rows: unpacked(page) };
  }

  async page(filter: ProductFilter, ordering: Ordering, slice: Slice): Promise<SelectedRow[]> {
    const question = { page: [membersOf(filter), ordering, slice] };
    const statement = pageSql(ROWS, conditionOf(filter), ordering, slice);
    return unpacked(await this.row<PackedRows>(kindOf(filter), question, statement));
  }

  /** @param position undefined: from the beginning */
  async after(
    filter: ProductFilter,
    ordering: Ordering,
    position: Position | undefined,
    limit: number,
  ): Promise<SelectedRow[]> {
    const question = { after: [membersOf(filter), ordering, position, limit] };
    const statement = rowsAfterSql(ROWS_BY_POSITION, conditionOf(filter), ordering, position, limit);
    return unpacked(await this.row<PackedRows>(kindOf(filter), question, statement));
  }

  /** @param filter one that the totals know */
  async stretch(filter: ProductFilter, slice: Slice, pageSize: number): Promise<Stretch> {
    const question = { stretch: [membersOf(filter), slice] };
    const statement = stretchSql(conditionOf(filter), slice, pageSize, this.totals.sqlOf(filter)!);
    const row = await this.row<StretchRow>('list', question, statement);
    this.totals.noteRows(filter, row.rows);
    return { count: countIn([row]), ids: pagesIn(row.ids), times: pagesIn(row.times) };
  }

  /** Rows by their ids. @param sql of the entity cache @param values its parameters */
  rows(sql: string, values: unknown[]): Promise<SelectedRow[]> {
    return this.gate.run('row', values, (runner): Promise<SelectedRow[]> => runner.query(sql, values));
  }

  /** The one row that a statement selects. @param question as of `ReadGate.run` */
  private async row<T>(kind: ReadKind, question: unknown, { sql, values }: Statement): Promise<T> {
    const [row] = await this.gate.run(kind, question, (runner) => runner.query(sql, values) as Promise<[T]>);
    return row;
  }
}

/** Numbers of 64 bits, as text. */
interface Counted {
  readonly count: string;
  /** Of `product_totals`; 0: they were not read. */
  readonly rows: string;
}

interface StretchRow extends Counted {
  readonly ids: string;
  readonly times: string;
}

function countIn(rows: readonly Counted[]): number {
  return Number(rows[0]?.count ?? 0);
}

/** A list that only an index has to walk is cheap; words have to be looked for in the rows. */
function kindOf({ search }: ProductFilter): 'search' | 'list' {
  return search === undefined ? 'list' : 'search';
}

/** One text for one filter, in whichever order its members came. */
function membersOf(filter: ProductFilter): [string, unknown][] {
  return Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
