import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { EntityManager, Repository } from 'typeorm';
import { BatchPatchDto } from './dto/product-batch.dto';
import { Product } from './product.entity';

/** The fields of a product that a caller decides. */
export type ProductValues = Omit<Product, 'id' | 'createdAt' | 'updatedAt'>;

/** The SQL of changing the catalogue. Everything happens in a transaction, so that the response can name what it invalidated. */
@Injectable()
export class ProductWritesRepository {
  constructor(@InjectRepository(Product) private readonly products: Repository<Product>) {}

  /** Runs `work` in one transaction. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.products.manager.transaction(work);
  }

  /** The same, on the row as it is now, which no other writer can change until the end. */
  withLocked<T>(id: number, work: (product: Product | null, manager: EntityManager) => Promise<T>): Promise<T> {
    return this.transaction(async (manager) => {
      const product = await manager.findOne(Product, { where: { id }, lock: { mode: 'pessimistic_write' } });
      return work(product, manager);
    });
  }

  create(manager: EntityManager, values: ProductValues): Promise<Product> {
    return manager.save(manager.create(Product, values));
  }

  /** Writes what differs, in one statement; nothing where nothing does. @returns the row as it is then */
  async change(manager: EntityManager, product: Product, values: Partial<ProductValues>): Promise<Product> {
    const changes = Object.fromEntries(
      FIELDS.filter((field) => values[field] !== undefined && values[field] !== product[field]).map((field) => [
        field,
        values[field],
      ]),
    ) as Partial<ProductValues>;
    if (Object.keys(changes).length === 0) return product;
    const update = manager.createQueryBuilder().update(Product).set(changes).where({ id: product.id });
    const result = await update.returning('updated_at').execute();
    const [{ updated_at: updatedAt }] = result.raw as [{ updated_at: Date }];
    return { ...product, ...changes, updatedAt };
  }

  /** One statement, whatever the number of rows. @returns how many there were */
  async reprice(manager: EntityManager, category: string, percent: number): Promise<number> {
    const result = await manager
      .createQueryBuilder()
      .update(Product)
      .set({ price: () => 'round(price * (1 + :percent::numeric / 100), 2)' })
      .where('category = :category')
      .setParameters({ category, percent })
      .execute();
    return result.affected ?? 0;
  }

  /** One statement. @returns the new rows, in the order of `values` */
  async createAll(manager: EntityManager, values: readonly ProductValues[]): Promise<Product[]> {
    const rows = await manager.query<RawProduct[]>(CREATE_ALL, [JSON.stringify(values)]);
    return rows.map(toProduct).sort((a, b) => a.id - b.id);
  }

  /** One statement. @returns the rows that are there, in the order of `patches` */
  async patchAll(manager: EntityManager, patches: readonly BatchPatchDto[]): Promise<Product[]> {
    const [rows] = await manager.query<[RawProduct[], number]>(PATCH_ALL, [JSON.stringify(patches)]);
    const byId = new Map(rows.map((row) => [row.id, toProduct(row)]));
    return patches.flatMap(({ id }) => byId.get(id) ?? []);
  }

  /** One statement. @returns the ids that were there */
  async removeAll(manager: EntityManager, ids: readonly number[]): Promise<number[]> {
    const [rows] = await manager.query<[{ id: number }[], number]>(REMOVE_ALL, [ids]);
    const removed = new Set(rows.map(({ id }) => id));
    return ids.filter((id) => removed.has(id));
  }
}

const FIELDS = ['name', 'price', 'description', 'category', 'stock', 'rating'] as const;

/** A row as the driver has it: numeric columns as text. */
type RawProduct = Record<'name' | 'price' | 'description' | 'category' | 'rating', string> &
  Record<'id' | 'stock', number> &
  Record<'created_at' | 'updated_at', Date>;

function toProduct({ created_at: createdAt, updated_at: updatedAt, ...row }: RawProduct): Product {
  return { ...row, price: Number(row.price), rating: Number(row.rating), createdAt, updatedAt };
}

const RECORD = `(name text, price numeric, description text, category text, stock integer, rating numeric)`;

const CREATE_ALL = `
  INSERT INTO products (name, price, description, category, stock, rating)
  SELECT v.* FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS ${RECORD}) AS v
  RETURNING *`;

const PATCH_ALL = `
  UPDATE products p SET
    name = coalesce(v.name, p.name), price = coalesce(v.price, p.price),
    description = coalesce(v.description, p.description), category = coalesce(v.category, p.category),
    stock = coalesce(v.stock, p.stock), rating = coalesce(v.rating, p.rating)
  FROM jsonb_to_recordset($1::jsonb) AS v (id integer, ${RECORD.slice(1)}
  WHERE p.id = v.id
  RETURNING p.*`;

const REMOVE_ALL = `DELETE FROM products WHERE id = ANY($1::int[]) RETURNING id`;
