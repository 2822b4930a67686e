import { Inject, Injectable } from '@nestjs/common';
import { SelectQueryBuilder } from 'typeorm';
import { type CountedRows, rowsDefinitionOf, SelectedRow } from '../caching';
import { ReadGate } from '../database';
import { Ordering, ProductFilter } from './dto/product-query.dto';
import { Product } from './product.entity';
import {
  Condition,
  conditionOf,
  countedSliceSql,
  countSql,
  FEATURED,
  Slice,
  sliceSql,
  stretchSql,
} from './product-lists';
import { searchTerms } from './search-terms';

const ROWS = rowsDefinitionOf(Product)!.selectList('product');

interface Stretch {
  readonly ids: number[];
  /** Seconds, exact to the microsecond. Infinity comes as text. */
  readonly times: (number | string)[];
}

/** The SQL of reading the catalogue. */
@Injectable()
export class ProductsRepository {
  constructor(@Inject(ReadGate) private readonly gate: ReadGate) {}

  count(filter: ProductFilter): Promise<number> {
    const question = { count: membersOf(filter) };
    const { sql, values } = conditionOf(filter);
    return this.gate.run(kindOf(filter), question, async (runner) => {
      return countIn((await runner.query(countSql(sql), [...values])) as Counted[]);
    });
  }

  /** The first page of a list and the count of all its pages, by one statement. */
  firstPage(filter: ProductFilter, ordering: Ordering, limit: number): Promise<CountedRows> {
    const question = { first: [membersOf(filter), ordering, limit] };
    const { sql, values } = countedSliceSql(ROWS, conditionOf(filter), ordering, { offset: 0, limit });
    return this.gate.run(kindOf(filter), question, async (runner) => {
      const rows = (await runner.query(sql, values)) as (SelectedRow & Counted)[];
      return { count: countIn(rows), rows };
    });
  }

  page(filter: ProductFilter, ordering: Ordering, slice: Slice): Promise<SelectedRow[]> {
    const question = { page: [membersOf(filter), ordering, slice] };
    const { sql, values } = sliceSql(ROWS, conditionOf(filter), ordering, slice);
    return this.gate.run(kindOf(filter), question, (runner): Promise<SelectedRow[]> => runner.query(sql, values));
  }

  featured(slice: Slice): Promise<SelectedRow[]> {
    const { sql, values } = sliceSql(ROWS, FEATURED, '-created_at', slice);
    return this.gate.run('featured', { featured: slice }, (runner): Promise<SelectedRow[]> =>
      runner.query(sql, values),
    );
  }

  /** Ids and times of creation of a long stretch of a list by age, one text of JSON for each of its pages. */
  async stretch(condition: Condition, slice: Slice, pageSize: number): Promise<string[]> {
    const { sql, values } = stretchSql(condition, slice);
    const question = { stretch: [condition.sql, slice] };
    const [row] = await this.gate.run('list', question, (runner) => runner.query(sql, values) as Promise<[Stretch]>);
    const { ids, times } = row;
    return Array.from({ length: Math.ceil(ids.length / pageSize) }, (_, page) => {
      const from = page * pageSize;
      return JSON.stringify([ids.slice(from, from + pageSize), times.slice(from, from + pageSize)]);
    });
  }

  /** Rows by their ids. @param sql of the entity cache @param values its parameters */
  rows(sql: string, values: unknown[]): Promise<SelectedRow[]> {
    return this.gate.run('row', values, (runner): Promise<SelectedRow[]> => runner.query(sql, values));
  }
}

/** A bigint, as text. */
interface Counted {
  readonly count: string;
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
