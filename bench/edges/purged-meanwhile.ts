import { ask } from '../ask';
import { pause } from './unseen';

export interface Hits {
  hits: number;
  of: number;
  purges: number;
}

/**
 * Asks for products that the edge does not have, each twice, while tags of no such product are purged.
 * @param first id of the first product @param every milliseconds between two purges @returns how many second requests were hits
 */
export async function secondRequests(edge: string, first: number, count: number, every: number): Promise<Hits> {
  let purges = 0;
  let asking = true;
  const purge = async (): Promise<void> => {
    for (let due = performance.now(); asking; due += every) {
      await ask(edge, '/', { method: 'PURGE', headers: { 'xkey-purge': `product:other-${purges}` } });
      purges += 1;
      await pause(Math.max(0, due + every - performance.now()));
    }
  };
  const purging = every === Infinity ? undefined : purge();
  let hits = 0;
  for (let id = first; id < first + count; id += 1) {
    await ask(edge, `/api/products/${id}`);
    const { headers } = await ask(edge, `/api/products/${id}`);
    if (/varnish; hit/.test(String(headers['cache-status']))) hits += 1;
  }
  asking = false;
  await purging;
  return { hits, of: count, purges };
}
