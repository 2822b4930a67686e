import { send, tokenFor } from '../test/support/client';
import type { ProductState } from './history';
import { type Owner, pickOne, type Written } from './written';

const EDITOR = tokenFor('freshness', 'editor');
/** How many products a writer has, at most. */
export const MOST = 12;

interface Request {
  method: string;
  path: string;
  json?: unknown;
  token?: string;
}

/** By a route of any node. */
export async function byApi(owner: Owner): Promise<Written> {
  const index = Math.floor(owner.random() * owner.cluster.size);
  const url = owner.cluster.url(index);
  const { method, path, json, token = EDITOR } = pick(owner);
  const how = `${method} ${path} ${JSON.stringify(json ?? '')} on node ${index}`;
  const written = (ok: boolean): Written => ({ how, ok, promised: true });
  if (url === undefined) return written(false);
  return send(url, path, { method, json, token }).then(
    ({ status }) => written(status < 400),
    () => written(false),
  );
}

function pick({ state: { products, watched }, categories, random, user }: Owner): Request {
  const one = pickOne(products, random);
  const dice = random();
  if (!one || (dice > 0.94 && products.length < MOST)) {
    const json = { name: 'Item', price: 5, description: '', category: categories[0], stock: 3, rating: 4.6 };
    return { method: 'POST', path: '/api/products', json };
  }
  const path = `/api/products/${one.id}`;
  const patch = (json: Partial<ProductState>): Request => ({ method: 'PATCH', path, json });
  if (dice < 0.5) return patch({ stock: Math.floor(random() * 6) });
  if (dice < 0.62) return patch({ price: Math.ceil(random() * 5_000) / 100 });
  if (dice < 0.72) return patch({ rating: random() < 0.5 ? 4.4 : 4.6 });
  if (dice < 0.8) return patch({ category: pickOne(categories, random) });
  if (dice < 0.84)
    return { method: 'POST', path: '/api/products/reprice', json: { category: categories[0], percent: 3 } };
  if (dice < 0.88 && products.length > 4) return { method: 'DELETE', path };
  const watch = `/api/me/watchlist/${one.id}`;
  return { method: watched.includes(one.id) ? 'DELETE' : 'PUT', path: watch, token: tokenFor(user) };
}
