import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { QueryRunner, Repository, SelectQueryBuilder } from 'typeorm';
import { ReadGate } from '../database';
import { FEATURED_RATING } from './dto/limits';
import { Ordering, ProductFilter } from './dto/product-query.dto';
import { Product } from './product.entity';
import { searchTerms } from './search-terms';

export interface Slice {
  offset: number;
  limit: number;
}

/** The SQL of reading the catalogue. */
@Injectable()
export class ProductsRepository {
  constructor(
    @InjectRepository(Product) private readonly products: Repository<Product>,
    @Inject(ReadGate) private readonly gate: ReadGate,
  ) {}

  count(filter: ProductFilter): Promise<number> {
    const question = { count: membersOf(filter) };
    return this.gate.run(kindOf(filter), question, (runner) => this.matching(filter, runner).getCount());
  }

  page(filter: ProductFilter, ordering: Ordering, slice: Slice): Promise<Product[]> {
    const question = { page: [membersOf(filter), ordering, slice] };
    const where: Narrowing = (inner) => narrow(inner, filter);
    return this.gate.run(kindOf(filter), question, (runner) => this.slice(runner, where, ordering, slice));
  }

  featured(slice: Slice): Promise<Product[]> {
    return this.gate.run('list', { featured: slice }, (runner) =>
      this.slice(runner, onlyFeatured, '-created_at', slice),
    );
  }

  find(id: number): Promise<Product | null> {
    return this.gate.run('row', id, (runner) => this.products.createQueryBuilder('p', runner).where({ id }).getOne());
  }

  private matching(filter: ProductFilter, runner: QueryRunner): SelectQueryBuilder<Product> {
    return narrow(this.products.createQueryBuilder('p', runner), filter);
  }

  /**
   * Late row lookup: the inner query walks an index over as many entries as the offset skips and keeps only ids; the rows
   * themselves are fetched for this page alone. So page 200 costs a few times page 1, not two hundred times.
   */
  private slice(
    runner: QueryRunner,
    where: Narrowing,
    ordering: Ordering,
    { offset, limit }: Slice,
  ): Promise<Product[]> {
    return this.products
      .createQueryBuilder('product', runner)
      .innerJoin(
        (query) => {
          const inner = where(query.select('p.id', 'id').from(Product, 'p'));
          return order(inner, 'p', ordering).offset(offset).limit(limit);
        },
        'page',
        'page.id = product.id',
      )
      .orderBy(...primary('product', ordering))
      .addOrderBy('product.id', direction(ordering))
      .getMany();
  }
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

type Narrowing = (query: SelectQueryBuilder<Product>) => SelectQueryBuilder<Product>;

function onlyFeatured(query: SelectQueryBuilder<Product>): SelectQueryBuilder<Product> {
  // A literal, not a parameter: the planner must see that it is the partial index's own condition.
  return query.where(`p.rating >= ${FEATURED_RATING}`);
}

function narrow(query: SelectQueryBuilder<Product>, filter: ProductFilter): SelectQueryBuilder<Product> {
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

function order(query: SelectQueryBuilder<Product>, alias: string, ordering: Ordering): SelectQueryBuilder<Product> {
  return query.orderBy(...primary(alias, ordering)).addOrderBy(`${alias}.id`, direction(ordering));
}

function primary(alias: string, ordering: Ordering): [string, 'ASC' | 'DESC'] {
  const column = ordering.replace('-', '') as 'created_at' | 'price' | 'rating' | 'name';
  return [`${alias}.${column === 'created_at' ? 'createdAt' : column}`, direction(ordering)];
}

/** id goes the same way as the column it breaks ties of, so that one index serves both directions. */
function direction(ordering: Ordering): 'ASC' | 'DESC' {
  return ordering.startsWith('-') ? 'DESC' : 'ASC';
}
