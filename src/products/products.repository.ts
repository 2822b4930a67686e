import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { EntityManager, Repository, SelectQueryBuilder } from 'typeorm';
import { FEATURED_RATING } from './dto/limits';
import { Ordering, ProductFilter } from './dto/product-query.dto';
import { CategoryStatsDto } from './dto/product-stats.dto';
import { Product } from './product.entity';

export interface Slice {
  offset: number;
  limit: number;
}

/** The SQL of the catalogue. */
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

  /** Runs `work` in a transaction, on the row as it is now, which nobody else can change until it ends. */
  withLocked<T>(id: number, work: (product: Product | null, manager: EntityManager) => Promise<T>): Promise<T> {
    return this.products.manager.transaction(async (manager) => {
      const product = await manager.findOne(Product, { where: { id }, lock: { mode: 'pessimistic_write' } });
      return work(product, manager);
    });
  }

  create(values: Omit<Product, 'id' | 'createdAt'>): Promise<Product> {
    return this.products.save(this.products.create(values));
  }

  /**
   * One statement, whatever the number of rows; in a transaction, so that the answer can name what it evicted.
   * @returns how many there were
   */
  async reprice(category: string, percent: number): Promise<number> {
    const result = await this.products
      .createQueryBuilder()
      .update()
      .useTransaction(true)
      .set({ price: () => 'round(price * (1 + :percent::numeric / 100), 2)' })
      .where('category = :category')
      .setParameters({ category, percent })
      .execute();
    return result.affected ?? 0;
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
  words(search).forEach((word, index) => {
    const name = `word${index}`;
    query.andWhere(`(p.name ILIKE :${name} OR p.description ILIKE :${name})`, { [name]: `%${escapeLike(word)}%` });
  });
  return query;
}

function words(search = ''): string[] {
  const all = search.toLowerCase().split(/\s+/);
  return [...new Set(all.filter((word) => word !== ''))];
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
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
