import { send } from '../test/support/client';
import type { Cluster } from './cluster';
import type { ProductState, State } from './history';
import type { Writer } from './writer';

interface ListBody {
  count: number | null;
  results: ProductState[];
}

interface Question {
  path: string;
  token?: string;
  /** Splits the response into what it says of the writer's things, each with what it should have said of a state. */
  says: (body: never, status: number) => { seen: string; of: (state: State) => string }[];
}

/** Asks any node anything about a writer's things, and hands what it saw to that writer's history. */
export class Reader {
  reads = 0;
  failed = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly random: () => number,
  ) {}

  async read(writer: Writer): Promise<void> {
    const index = Math.floor(this.random() * this.cluster.size);
    const url = this.cluster.url(index);
    const question = this.pick(writer);
    if (url === undefined) return;
    const sentAt = performance.now();
    const response = await send(url, question.path, { token: question.token }).catch(() => undefined);
    const receivedAt = performance.now();
    if (!response || ![200, 404].includes(response.status)) return void (this.failed += 1);
    this.reads += 1;
    // What is served because loading failed is marked, and promises nothing.
    if (response.headers.get('cache-status')?.includes('detail=grace')) return;
    const what = `GET ${question.path} on node ${index}${response.headers.get('cache-status') ? ` (${response.headers.get('cache-status')})` : ''}`;
    for (const { seen, of } of question.says(response.body as never, response.status)) {
      writer.history.saw({ what, sentAt, receivedAt, seen, of });
    }
  }

  private pick(writer: Writer): Question {
    const [a, b] = writer.categories;
    const category = this.random() < 0.5 ? a : b;
    const list = (path: string, where: (product: ProductState) => boolean): Question => ({
      path,
      says: rows(writer, where),
    });
    const counted = (path: string, where: (product: ProductState) => boolean): Question => ({
      path,
      says: (body: ListBody, status) => [...rows(writer, where)(body as never, status), total(body, where)],
    });
    const inCategory = (product: ProductState): boolean => product.category === category;
    const dice = this.random();
    if (dice < 0.2) return detail(writer, this.random());
    if (dice < 0.35) return counted(`/api/products?category=${category}&ordering=price`, inCategory);
    if (dice < 0.45)
      return counted(`/api/products?category=${category}&in_stock=true`, (p) => inCategory(p) && p.stock > 0);
    if (dice < 0.55)
      return counted(`/api/products?category=${category}&min_price=12`, (p) => inCategory(p) && p.price >= 12);
    if (dice < 0.65) return list('/api/products?page_size=200', () => true);
    if (dice < 0.75) return list('/api/products/featured', (p) => p.rating >= 4.5);
    if (dice < 0.87) return stats(category);
    return dashboard(writer, this.cluster.isStrict);
  }
}

const say = (product: ProductState | undefined): string =>
  product ? `${product.id}: ${product.price} ${product.stock} ${product.rating} ${product.category}` : 'not there';

const find = (products: ProductState[], id: number): ProductState | undefined =>
  products.find((product) => product.id === id);

/** A list says of each product either what it is like or that it is not in the list. */
function rows(writer: Writer, where: (product: ProductState) => boolean): Question['says'] {
  const known = writer.history.ids;
  return ({ results }: ListBody) =>
    known.map((id) => ({
      seen: say(find(results, id)),
      of: ({ products }) => say(find(products.filter(where), id)),
    }));
}

/** Only the writer writes into its categories, so the count of such a list is of one of that writer's states. */
function total(
  { count }: ListBody,
  where: (product: ProductState) => boolean,
): { seen: string; of: (state: State) => string } {
  return { seen: `${count} in all`, of: ({ products }) => `${products.filter(where).length} in all` };
}

function detail(writer: Writer, random: number): Question {
  const { ids } = writer.history;
  const id = ids[Math.floor(random * ids.length)] ?? 1;
  return {
    path: `/api/products/${id}`,
    says: (body: ProductState, status) => [
      { seen: say(status === 404 ? undefined : body), of: (state) => say(find(state.products, id)) },
    ],
  };
}

/** The aggregates of one category come from one statement, so they are of one state as a whole. */
function stats(category: string): Question {
  const total = (products: ProductState[]): string => {
    const own = products.filter((product) => product.category === category);
    const prices = own.map(({ price }) => price);
    return own.length === 0 ? 'none' : `${own.length} ${Math.min(...prices)} ${Math.max(...prices)}`;
  };
  return {
    path: '/api/products/stats',
    says: ({
      categories,
    }: {
      categories: { category: string; count: number; min_price: number; max_price: number }[];
    }) => {
      const row = categories.find((one) => one.category === category);
      return [
        {
          seen: row ? `${row.count} ${row.min_price} ${row.max_price}` : 'none',
          of: ({ products }) => total(products),
        },
      ];
    },
  };
}

/**
 * A dashboard says what is on the writer's list, and what each of that is like. In bounded mode a node without proof serves what it
 * has loaded itself for CACHE_MAX_LAG: the list and a product may then be of two moments, each within the bound.
 * @param isWhole both are to be of one moment
 */
function dashboard(writer: Writer, isWhole: boolean): Question {
  const known = writer.history.ids;
  const watched = ({ products, watched: ids }: State): ProductState[] => products.filter(({ id }) => ids.includes(id));
  return {
    path: '/api/me/dashboard',
    token: writer.token,
    says: ({ results }: ListBody) =>
      known.flatMap((id) => {
        const row = find(results, id);
        if (isWhole) return [{ seen: say(row), of: (state: State) => say(find(watched(state), id)) }];
        const isListed = (state: State): string => String(find(watched(state), id) !== undefined);
        const list = { seen: String(row !== undefined), of: isListed };
        return row ? [list, { seen: say(row), of: (state: State) => say(find(state.products, id)) }] : [list];
      }),
  };
}
