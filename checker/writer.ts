import { tokenFor } from '../test/support/client';
import { eventually, pause } from '../test/support/eventually';
import { byApi } from './by-api';
import { byHand } from './by-hand';
import { byTypeOrm } from './by-typeorm';
import type { Cluster } from './cluster';
import { History, type ProductState, type State } from './history';
import type { Owner } from './written';

const PRODUCTS = 8;
const ROADS = { api: byApi, typeorm: byTypeOrm, outside: byHand };
type Road = keyof typeof ROADS;

/** Writes its own products and watchlist, one write at a time, by any road and on any node. */
export class Writer {
  readonly categories: readonly [string, string];
  readonly token: string;
  writes = 0;
  uncertain = 0;
  /** `performance.now()` at which the write under way began: by then all earlier ones were in the history. */
  private busySince: number | undefined;
  /** How many writes were acknowledged, by the kind of road they took. */
  readonly roads = { api: 0, typeorm: 0, outside: 0 };

  private constructor(
    private readonly cluster: Cluster,
    readonly name: string,
    private readonly maxLag: number,
    private readonly random: () => number,
    readonly history: History,
  ) {
    this.categories = [`${name}-a`, `${name}-b`];
    this.token = tokenFor(name);
  }

  static async start(cluster: Cluster, name: string, maxLag: number, random: () => number): Promise<Writer> {
    await cluster.stage.oracle.query(
      `INSERT INTO products (name, price, description, category, stock, rating)
       SELECT 'Item', 10 + g, '', $1, g, 4.4 FROM generate_series(1, $2) g`,
      [`${name}-a`, PRODUCTS],
    );
    return new Writer(cluster, name, maxLag, random, new History(await stateOf(cluster, name)));
  }

  /** Responses from before this are judged: every write that it could have seen is in the history. */
  get settledAt(): number {
    return this.busySince ?? performance.now();
  }

  /** One write, and its place in the history. */
  async write(): Promise<void> {
    const startedAt = (this.busySince = performance.now());
    await this.writeOne(startedAt);
    this.busySince = undefined;
  }

  private async writeOne(startedAt: number): Promise<void> {
    const road = this.pickRoad();
    const { how, ok, promised } = await ROADS[road](this.owner());
    if (ok) this.roads[road] += 1;
    let bindingAt = performance.now();
    if (!ok) {
      this.uncertain += 1;
      await pause(300);
      await this.cluster.untilQuiet();
      bindingAt = performance.now();
    }
    // When these are invalidated is not promised, only that it takes no longer than the bound, which bounded mode allows every write.
    const isPromised = ok && promised && !this.cluster.wasBlindSince(startedAt);
    if (this.cluster.isStrict && !isPromised) bindingAt += this.maxLag;
    const state = await stateOf(this.cluster, this.name);
    this.writes += 1;
    if (JSON.stringify(state) !== JSON.stringify(this.history.current)) {
      this.history.wrote({ state, how: `#${this.writes} ${how}${ok ? '' : ' (no response)'}`, startedAt, bindingAt });
    }
  }

  private pickRoad(): Road {
    const dice = this.random();
    if (dice < 0.2) return 'outside';
    return dice < 0.4 ? 'typeorm' : 'api';
  }

  private owner(): Owner {
    const { cluster, name: user, categories, random, history } = this;
    return { cluster, user, categories, random, state: history.current };
  }
}

/** The truth: what the database holds of a writer's things, as soon as it can be asked. */
function stateOf({ stage }: Cluster, name: string): Promise<State> {
  return eventually(async () => {
    const products = await stage.oracle.query<ProductState>(
      `SELECT id, price::float AS price, stock, rating::float AS rating, category FROM products WHERE category IN ($1, $2) ORDER BY id`,
      [`${name}-a`, `${name}-b`],
    );
    const watched = await stage.oracle.query<{ product_id: number }>(
      'SELECT product_id FROM watchlist WHERE user_id = $1 ORDER BY product_id',
      [name],
    );
    return { products: products.rows, watched: watched.rows.map(({ product_id }) => product_id) };
  });
}
