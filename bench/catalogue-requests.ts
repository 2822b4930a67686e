import { tokenFor } from '../test/support/client';
import { ask } from './ask';

export const page = (number: number): string => `/api/products?page=${number}`;

/** The first page once more, under a URL that was never requested: no product costs that much. */
export const UNSEEN = '/api/products?max_price={n}';

export const EDITOR = tokenFor('bench', 'editor');

let added = 0;

/** Adds a product. With its response, every list that it could be on is invalidated. */
export async function addProduct(base: string): Promise<void> {
  added += 1;
  const json = {
    name: `Bench Kettle ${added}`,
    price: 39.9,
    description: 'Boils.',
    category: 'kitchen',
    stock: 1,
    rating: 4,
  };
  await ask(base, '/api/products', { method: 'POST', token: EDITOR, json });
}

/** Lets the compiler see the roads that are measured later. */
export async function warmUp(base: string, rounds = 30): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await ask(base, page(4 + (round % 3)));
    await ask(base, page(4 + (round % 3)));
    if (round % 3 === 0) await addProduct(base);
  }
}
