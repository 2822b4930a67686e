import { send, tokenFor } from './client';

let page = 1;

/** A read and a write that only the database of the service at `url` can answer: no cache has that page. */
export async function databaseAnswers(url: string): Promise<void> {
  page += 1;
  expect((await send(url, `/api/products?page=${page}`)).status).toBe(200);
  const token = tokenFor('eve', 'editor');
  const write = await send(url, '/api/products/1', { method: 'PATCH', token, json: { stock: page } });
  expect(write.status).toBe(200);
}
