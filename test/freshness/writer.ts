import { send, tokenFor } from '../support/client';
import { pause } from '../support/eventually';
import type { Cluster } from './cluster';
import { History, type ProductState, type State } from './history';

const EDITOR = tokenFor('freshness', 'editor');
const PRODUCTS = 8;

interface Api {
  method: string;
  path: string;
  json?: unknown;
  token?: string;
}

/** Writes its own products and watchlist, one write at a time, by any road and on any node. */
export class Writer {
  readonly user: string;
  readonly categories: readonly [string, string];
  readonly token: string;
  writes = 0;
  uncertain = 0;
  private constructor(
    private readonly cluster: Cluster,
    readonly name: string,
    private readonly maxLag: number,
    private readonly random: () => number,
    readonly history: History,
  ) {
    this.user = name;
    this.categories = [`${name}-a`, `${name}-b`];
    this.token = tokenFor(name);
  }

  static async start(cluster: Cluster, name: string, maxLag: number, random: () => number): Promise<Writer> {
    await cluster.db.query(
      `INSERT INTO products (name, price, description, category, stock, rating)
       SELECT 'Item', 10 + g, '', $1, g, 4.4 FROM generate_series(1, $2) g`,
      [`${name}-a`, PRODUCTS],
    );
    return new Writer(cluster, name, maxLag, random, new History(await stateOf(cluster, name)));
  }

  /** One write, and its place in the history. */
  async write(): Promise<void> {
    const startedAt = performance.now();
    const outside = this.random() < 0.2;
    const { how, ok } = await (outside ? this.byHand() : this.byApi());
    let bindingAt = performance.now();
    // Nobody has promised when these are evicted, but that it takes no longer than the bound.
    if (outside || !ok) bindingAt += this.maxLag;
    if (!ok) {
      this.uncertain += 1;
      await pause(300);
      bindingAt = performance.now() + this.maxLag;
    }
    const state = await stateOf(this.cluster, this.name);
    this.writes += 1;
    if (JSON.stringify(state) !== JSON.stringify(this.history.current)) {
      this.history.wrote({ state, how: `#${this.writes} ${how}${ok ? '' : ' (no answer)'}`, startedAt, bindingAt });
    }
  }

  private async byApi(): Promise<{ how: string; ok: boolean }> {
    const index = Math.floor(this.random() * this.cluster.size);
    const url = this.cluster.url(index);
    const { method, path, json, token = EDITOR } = this.pick();
    const how = `${method} ${path} ${JSON.stringify(json ?? '')} on node ${index}`;
    if (url === undefined) return { how, ok: false };
    try {
      const { status } = await send(url, path, { method, json, token });
      return { how, ok: status < 400 };
    } catch {
      return { how, ok: false };
    }
  }

  private pick(): Api {
    const { products, watched } = this.history.current;
    const one = products[Math.floor(this.random() * products.length)];
    const dice = this.random();
    if (!one || (dice > 0.94 && products.length < 12)) return this.creation();
    const path = `/api/products/${one.id}`;
    const patch = (json: Partial<ProductState>): Api => ({ method: 'PATCH', path, json });
    if (dice < 0.5) return patch({ stock: Math.floor(this.random() * 6) });
    if (dice < 0.62) return patch({ price: Math.ceil(this.random() * 5_000) / 100 });
    if (dice < 0.72) return patch({ rating: this.random() < 0.5 ? 4.4 : 4.6 });
    if (dice < 0.8) return patch({ category: this.categories[Math.floor(this.random() * 2)] });
    if (dice < 0.84)
      return { method: 'POST', path: '/api/products/reprice', json: { category: this.categories[0], percent: 3 } };
    if (dice < 0.88 && products.length > 4) return { method: 'DELETE', path };
    const watch = `/api/me/watchlist/${one.id}`;
    return { method: watched.includes(one.id) ? 'DELETE' : 'PUT', path: watch, token: this.token };
  }

  private creation(): Api {
    const json = { name: 'Item', price: 5, description: '', category: this.categories[0], stock: 3, rating: 4.6 };
    return { method: 'POST', path: '/api/products', json };
  }

  /** As another program would: it knows nothing of caches. */
  private async byHand(): Promise<{ how: string; ok: boolean }> {
    const [a, b] = this.categories;
    const statements = [
      `UPDATE products SET stock = stock + 1 WHERE category = '${a}'`,
      `UPDATE products SET price = price + 0.01 WHERE id = (SELECT min(id) FROM products WHERE category IN ('${a}', '${b}'))`,
      `BEGIN; UPDATE products SET stock = 0 WHERE category = '${b}'; SAVEPOINT s; DELETE FROM products; ROLLBACK TO s; COMMIT`,
      `DELETE FROM watchlist WHERE user_id = '${this.user}'`,
      `WITH w AS (UPDATE products SET rating = 5 WHERE category = '${b}' RETURNING 1) SELECT count(*) FROM w`,
    ];
    const how = statements[Math.floor(this.random() * statements.length)]!;
    const client = await this.cluster.db.connect();
    try {
      await client.query(how);
    } catch (error) {
      // One of two writers that wait for each other has to give way: the server undoes its statement, and nothing was written.
      if ((error as { code?: string }).code !== DEADLOCK) throw error;
      await client.query('ROLLBACK');
    } finally {
      client.release();
    }
    return { how, ok: true };
  }
}

const DEADLOCK = '40P01';

/** The truth: what the database holds of a writer's things. */
async function stateOf(cluster: Cluster, name: string): Promise<State> {
  const products = await cluster.db.query<ProductState>(
    `SELECT id, price::float AS price, stock, rating::float AS rating, category FROM products WHERE category IN ($1, $2) ORDER BY id`,
    [`${name}-a`, `${name}-b`],
  );
  const watched = await cluster.db.query<{ product_id: number }>(
    'SELECT product_id FROM watchlist WHERE user_id = $1 ORDER BY product_id',
    [name],
  );
  return { products: products.rows, watched: watched.rows.map(({ product_id }) => product_id) };
}
