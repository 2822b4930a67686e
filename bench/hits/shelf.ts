import { sql } from '../../test/support/sql';

/** The category of the few that are repriced together; one product in so many is in it. */
export const CLEARANCE = 'clearance';
const EVERY = 500;

interface Item {
  stock: number;
  price: number;
}

/** What the shop knows of its products: so much that every write is a meaningful one. */
export class Shelf {
  readonly ids: number[];
  private readonly items = new Map<number, Item>();
  private newest: number;

  private constructor(
    rows: (Item & { id: number })[],
    readonly categories: string[],
  ) {
    for (const { id, stock, price } of rows) this.items.set(id, { stock, price });
    this.ids = rows.map(({ id }) => id);
    this.newest = Math.max(...this.ids);
  }

  static async of(databaseUrl: string): Promise<Shelf> {
    const rows = await sql<Item & { id: number; category: string }>(
      databaseUrl,
      'SELECT id, stock, price::float AS price, category FROM products ORDER BY id',
    );
    const categories = [...new Set(rows.map(({ category }) => category))].filter((name) => name !== CLEARANCE).sort();
    return new Shelf(rows, categories);
  }

  /** Puts some products of every kind on clearance. */
  static clear(databaseUrl: string): Promise<unknown> {
    return sql(databaseUrl, `UPDATE products SET category = '${CLEARANCE}' WHERE id % ${EVERY} = 0`);
  }

  /** Undefined: it was taken out. */
  item(id: number): Item | undefined {
    return this.items.get(id);
  }

  /** A new one. The sequence of the table gives the same id. */
  add(): void {
    this.items.set((this.newest += 1), { stock: 5, price: 20 });
  }

  remove(id: number): void {
    this.items.delete(id);
  }
}
