import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { EntityManager, Repository } from 'typeorm';
import { Eviction } from '../caching';
import { BatchPatchDto } from './dto/product-batch.dto';
import { Product } from './product.entity';

const FIELDS = ['name', 'price', 'description', 'category', 'stock', 'rating'] as const;

/** The fields of a product that a caller decides. */
export type ProductValues = Pick<Product, (typeof FIELDS)[number]>;

/** A product as it is now, and which version of its row that is. */
export interface SeenProduct {
  readonly product: Product;
  /** Another one after each write of the row. */
  readonly version: string;
}

/**
 * The SQL of changing the catalogue. One statement commits by itself, which spares its BEGIN and COMMIT a round trip each. Where the
 * response has to name what it invalidated there is a transaction around it: those tags are read before a COMMIT.
 */
@Injectable()
export class ProductWritesRepository {
  constructor(
    @InjectRepository(Product) private readonly products: Repository<Product>,
    @Inject(Eviction) private readonly eviction: Pick<Eviction, 'namesGroups'>,
  ) {}

  /** Runs `work` in one transaction. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.products.manager.transaction(work);
  }

  /** Runs `work`, whose first statement that writes is its last: no transaction is needed around that. */
  single<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.eviction.namesGroups ? this.transaction(work) : work(this.products.manager);
  }

  async create(manager: EntityManager, values: ProductValues): Promise<Product> {
    const rows = await manager.query<RawProduct[]>(
      CREATE,
      FIELDS.map((field) => values[field]),
    );
    return toProduct(rows[0]!);
  }

  /** Without a lock: a write that builds on it names the version. Undefined: there is no such product. */
  async see(manager: EntityManager, id: number): Promise<SeenProduct | undefined> {
    const [row] = await manager.query<(RawProduct & { version: string })[]>(SEE, [id]);
    if (!row) return undefined;
    const { version, ...raw } = row;
    return { product: toProduct(raw), version };
  }

  /**
   * Writes what `values` holds, in one statement. It waits for other writers of the row and judges their result.
   * @param version only if the row is still this one; without it, only if any value differs
   * @returns the row as it is then; undefined: there was no such row, and nothing was written
   */
  async change(
    manager: EntityManager,
    id: number,
    values: Partial<ProductValues>,
    version?: string,
  ): Promise<Product | undefined> {
    const fields = FIELDS.filter((field) => values[field] !== undefined);
    if (fields.length === 0) return undefined;
    const given = [id, ...fields.map((field) => values[field]), ...(version === undefined ? [] : [version])];
    const sql = changeSql(fields, version !== undefined);
    const [rows] = await manager.query<[RawProduct[], number]>(sql, given);
    return rows[0] && toProduct(rows[0]);
  }

  /** @param version only if the row is still this one @returns whether there was such a row */
  async remove(manager: EntityManager, id: number, version?: string): Promise<boolean> {
    const [, removed] = await (version === undefined
      ? manager.query<[unknown[], number]>(REMOVE, [id])
      : manager.query<[unknown[], number]>(REMOVE_VERSION, [id, version]));
    return removed > 0;
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

/** Whether the product has all of `values` already. */
export function holds(product: Product, values: Partial<ProductValues>): boolean {
  return FIELDS.every((field) => values[field] === undefined || values[field] === product[field]);
}

/** A row as the driver has it: numeric columns as text. */
type RawProduct = Record<'name' | 'price' | 'description' | 'category' | 'rating', string> &
  Record<'id' | 'stock', number> &
  Record<'created_at' | 'updated_at', Date>;

function toProduct({ created_at: createdAt, updated_at: updatedAt, ...row }: RawProduct): Product {
  return { ...row, price: Number(row.price), rating: Number(row.rating), createdAt, updatedAt };
}

const COLUMNS = `id, ${FIELDS.join(', ')}, created_at, updated_at`;

const CREATE = `INSERT INTO products (${FIELDS.join(', ')}) VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`;

/** `xmin` is the transaction that wrote this version of the row. */
const SEE = `SELECT ${COLUMNS}, xmin::text AS version FROM products WHERE id = $1`;

const REMOVE = `DELETE FROM products WHERE id = $1`;
const REMOVE_VERSION = `${REMOVE} AND xmin = $2::xid`;

const changes = new Map<string, string>();

/** One text for the same fields, so that there are few to plan. */
function changeSql(fields: readonly (typeof FIELDS)[number][], versioned: boolean): string {
  const name = `${fields.join()} ${versioned}`;
  let sql = changes.get(name);
  if (sql === undefined) {
    const sets = fields.map((field, at) => `${field} = $${at + 2}`);
    const differs = fields.map((field, at) => `${field} IS DISTINCT FROM $${at + 2}`);
    const condition = versioned ? `xmin = $${fields.length + 2}::xid` : `(${differs.join(' OR ')})`;
    sql = `UPDATE products SET ${sets.join(', ')} WHERE id = $1 AND ${condition} RETURNING ${COLUMNS}`;
    changes.set(name, sql);
  }
  return sql;
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
