import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, SelectQueryBuilder } from 'typeorm';
import { FEATURED_RATING } from './dto/limits';
import { Ordering, ProductFilter } from './dto/product-query.dto';
import { CategoryStatsDto } from './dto/product-stats.dto';
import { Product } from './product.entity';
import { searchTerms } from './search-terms';

export interface Slice {
  offset: number;
  limit: number;
}

/** The SQL of reading the catalogue. */
@Injectable()
export class ProductsRepository {
  constructor(@InjectRepository(Product) private readonly products: Repository<Product>) {}

  count(filter: ProductFilter): Promise<number> {
    return this.matching(filter).getCount();
  }

  page(filter: ProductFilter, ordering: Ordering, slice: Slice): Promise<Product[]> {
    return this.slice((inner) => narrow(inner, filter), ordering, slice);
  }

  countFeatured(): Promise<number> {
    return onlyFeatured(this.products.createQueryBuilder('p')).getCount();
  }

  featured(slice: Slice): Promise<Product[]> {
    return this.slice(onlyFeatured, '-created_at', slice);
  }

  find(id: number): Promise<Product | null> {
    return this.products.findOneBy({ id });
  }

  async statsByCategory(): Promise<CategoryStatsDto[]> {
    const rows = await this.products
      .createQueryBuilder('p')
      .select('p.category', 'category')
      .addSelect('count(*)', 'count')
      .addSelect('min(p.price)', 'min_price')
      .addSelect('round(avg(p.price), 2)', 'average_price')
      .addSelect('max(p.price)', 'max_price')
      .addSelect('round(avg(p.rating), 2)', 'average_rating')
      .groupBy('p.category')
      .orderBy('p.category')
      .getRawMany<Record<keyof CategoryStatsDto, string>>();
    return rows.map((row) => ({
      category: row.category,
      count: Number(row.count),
      min_price: Number(row.min_price),
      average_price: Number(row.average_price),
      max_price: Number(row.max_price),
      average_rating: Number(row.average_rating),
    }));
  }

  private matching(filter: ProductFilter): SelectQueryBuilder<Product> {
    return narrow(this.products.createQueryBuilder('p'), filter);
  }

  /**
   * Late row lookup: the inner query walks an index over as many entries as the offset skips and keeps only ids; the rows
   * themselves are fetched for this page alone. So page 200 costs a few times page 1, not two hundred times.
   */
  private slice(where: Narrowing, ordering: Ordering, { offset, limit }: Slice): Promise<Product[]> {
    return this.products
      .createQueryBuilder('product')
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
