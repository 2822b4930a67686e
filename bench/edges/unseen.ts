import { ask } from '../ask';
import { EDITOR } from '../catalogue-requests';

export interface Unseen {
  /** For each write: milliseconds after its acknowledgement during which a read that began then still showed an older value. */
  ms: number[];
  reads: number;
}

interface Write {
  /** When it was acknowledged, by performance.now(). */
  at: number;
  /** Start of the last read that did not show it. */
  missedAt: number;
}

const READERS = 16;
const PRODUCTS = 8;

/** Reads some products through the edge without a pause, while their stock is written at the nodes. @param every milliseconds between two writes */
export async function unseenWrites(
  edge: string,
  nodes: readonly string[],
  seconds: number,
  every: number,
): Promise<Unseen> {
  const products = Array.from({ length: PRODUCTS }, (_, index) => `/api/products/${index + 1}`);
  // Of each product, by the stock that was written: 1, 2, 3, … after 0.
  const written = new Map(products.map((path) => [path, [] as Write[]]));
  for (const path of products) await setStock(nodes[0]!, path, 0);
  await seen(edge, products);
  const end = performance.now() + seconds * 1_000;
  let reads = 0;
  const read = async (reader: number): Promise<void> => {
    for (let turn = reader; performance.now() < end; turn += 1) {
      const path = products[turn % PRODUCTS]!;
      const began = performance.now();
      const { text } = await ask(edge, path);
      const { stock } = JSON.parse(text) as { stock: number };
      reads += 1;
      for (const write of written.get(path)!.slice(stock)) {
        if (write.at <= began) write.missedAt = Math.max(write.missedAt, began);
      }
    }
  };
  const write = async (): Promise<void> => {
    for (let turn = 0; performance.now() < end - 2_000; turn += 1) {
      const path = products[turn % PRODUCTS]!;
      const writes = written.get(path)!;
      await setStock(nodes[turn % nodes.length]!, path, writes.length + 1);
      const at = performance.now();
      writes.push({ at, missedAt: at });
      await pause(every);
    }
  };
  await Promise.all([write(), ...Array.from({ length: READERS }, (_, reader) => read(reader))]);
  return { ms: [...written.values()].flat().map(({ at, missedAt }) => missedAt - at), reads };
}

async function setStock(node: string, path: string, stock: number): Promise<void> {
  await ask(node, path, { method: 'PATCH', token: EDITOR, json: { stock } });
}

/** Resolves when the edge shows what the products begin with. */
async function seen(edge: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    while ((JSON.parse((await ask(edge, path)).text) as { stock: number }).stock !== 0) await pause(50);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
