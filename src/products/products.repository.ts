import { Inject, Injectable } from '@nestjs/common';
import { SelectQueryBuilder } from 'typeorm';
import { type CountedRows, rowsDefinitionOf, SelectedRow } from '../caching';
import { ReadGate } from '../database';
import { Ordering, ProductFilter } from './dto/product-query.dto';
import { Product } from './product.entity';
import { ProductTotals } from './product-totals';
import { type PackedRows, unpacked } from './packed-rows';
import { conditionOf, countedPageSql, countSql, pageSql, pagesIn, Slice, stretchSql } from './product-lists';
import { searchTerms } from './search-terms';

const ROWS = rowsDefinitionOf(Product)!.selectList('product');

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

  async page(filter: ProductFilter, ordering: Ordering, slice: Slice): Promise<SelectedRow[]> {
    const question = { page: [membersOf(filter), ordering, slice] };
    const { sql, values } = pageSql(ROWS, conditionOf(filter), ordering, slice);
    const [page] = await this.gate.run(kindOf(filter), question, (runner) => {
      return runner.query(sql, values) as Promise<[PackedRows]>;
    });
    return unpacked(page);
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
export function kindOf({ search }: ProductFilter): 'search' | 'list' {
  return search === undefined ? 'list' : 'search';
}

/** One text for one filter, in whichever order its members came. */
export function membersOf(filter: ProductFilter): [string, unknown][] {
  return Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

export function narrow(query: SelectQueryBuilder<Product>, filter: ProductFilter): SelectQueryBuilder<Product> {
  const { category, min_price, max_price, min_rating, in_stock, search } = filter;
  if (category !== undefined) query.andWhere('p.category = :category', { category });
  if (min_price !== undefined) query.andWhere('p.price >= :min_price', { min_price });
  if (max_price !== undefined) query.andWhere('p.price <= :max_price', { max_price });
  if (min_rating !== undefined) query.andWhere('p.rating >= :min_rating', { min_rating });
  if (in_stock !== undefined) query.andWhere(in_stock ? 'p.stock > 0' : 'p.stock = 0');
  searchTerms(search).forEach(({ before, word }, index) => {
    const [prefix, name] = [`before${index}`, `word${index}`];
    query.andWhere(`product_search_text(p.name, p.description) LIKE product_search_pattern(:${prefix}, :${name})`, {
      [prefix]: before,
      [name]: word,
    });
  });
  return query;
}
