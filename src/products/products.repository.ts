import { Inject, Injectable } from '@nestjs/common';
import { type CountedRows, rowsDefinitionOf, SelectedRow } from '../caching';
import { ReadGate } from '../database';
import type { Place } from './cursor';
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
  rowsBehindSql,
  Slice,
  stretchSql,
} from './product-lists';

const ROWS = rowsDefinitionOf(Product)!.selectList('product');
const ROWS_BY_PLACE = rowsDefinitionOf(Product)!.selectList('p');

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
    const total = this.totals.sqlOf(filter);
    const { sql, values } = countedPageSql(ROWS, conditionOf(filter), ordering, slice, total);
    const [page] = await this.gate.run(kindOf(filter), question, (runner) => {
      return runner.query(sql, values) as Promise<[Counted & PackedRows]>;
    });
    this.totals.noteRows(filter, page.rows);
    return { count: countIn([page]), rows: unpacked(page) };
  }

  page(filter: ProductFilter, ordering: Ordering, slice: Slice): Promise<SelectedRow[]> {
    const question = { page: [membersOf(filter), ordering, slice] };
    return this.packed(filter, question, pageSql(ROWS, conditionOf(filter), ordering, slice));
  }

  /** @param place undefined: from the beginning */
  behind(filter: ProductFilter, ordering: Ordering, place: Place | undefined, limit: number): Promise<SelectedRow[]> {
    const question = { behind: [membersOf(filter), ordering, place, limit] };
    const statement = rowsBehindSql(ROWS_BY_PLACE, conditionOf(filter), ordering, place, limit);
    return this.packed(filter, question, statement);
  }

  /** @param filter one that the totals know */
  async stretch(filter: ProductFilter, slice: Slice, pageSize: number): Promise<Stretch> {
    const { sql, values } = stretchSql(conditionOf(filter), slice, pageSize, this.totals.sqlOf(filter)!);
    const question = { stretch: [membersOf(filter), slice] };
    const [row] = await this.gate.run('list', question, (runner) => runner.query(sql, values) as Promise<[Found]>);
    this.totals.noteRows(filter, row.rows);
    return { count: countIn([row]), ids: pagesIn(row.ids), times: pagesIn(row.times) };
  }

  /** Rows by their ids. @param sql of the entity cache @param values its parameters */
  rows(sql: string, values: unknown[]): Promise<SelectedRow[]> {
    return this.gate.run('row', values, (runner): Promise<SelectedRow[]> => runner.query(sql, values));
  }

  private async packed(
    filter: ProductFilter,
    question: unknown,
    { sql, values }: { sql: string; values: unknown[] },
  ): Promise<SelectedRow[]> {
    const [page] = await this.gate.run(kindOf(filter), question, (runner) => {
      return runner.query(sql, values) as Promise<[PackedRows]>;
    });
    return unpacked(page);
  }
}

/** Numbers of 64 bits, as text. */
interface Counted {
  readonly count: string;
  /** Of `product_totals`; 0: they were not read. */
  readonly rows: string;
}

interface Found extends Counted {
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
